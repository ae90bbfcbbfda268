"""Text for machines that exist: what a module of the last stage of a road is printed as."""

"""What members of staff do in a browser, one module for each thing."""

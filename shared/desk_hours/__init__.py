"""The staffed hours of the desk (F7): intake promises by them, the portal shows them."""

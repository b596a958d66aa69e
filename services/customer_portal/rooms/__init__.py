"""The account's rooms (F13-F16): orders, bookings and inventory, as other systems report them."""

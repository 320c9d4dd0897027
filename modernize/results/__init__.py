"""What runs measured: records, the folder that holds them, and statistics over them."""

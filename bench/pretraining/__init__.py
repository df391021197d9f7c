"""The methods' contract, their options, and the loop that trains them."""

"""Reference pages that are made from the code and the configurations, so that they cannot lag behind them."""

from rasters import four_bands, layouts, real_landcover, world, write_sheet, write_tif  # noqa: F401 - fixtures

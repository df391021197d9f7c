"""Where the demo world's scenes lie, and what grows there."""

from bench.demo.planet import (
    ARTIFICIAL,
    BARE,
    CULTIVATED,
    FOREST,
    GRASSLAND,
    SEA,
    SHRUBLAND,
    SNOW,
    WATER,
    WETLAND,
    Site,
)

# `border` straddles the latitude border of two rasters; `delta` and `steppe` are in geographic and web coordinates.
SITES = (
    Site(
        "border",
        117.1,
        35.0,
        8,
        ((CULTIVATED, 0.4), (ARTIFICIAL, 0.25), (FOREST, 0.12), (GRASSLAND, 0.13), (WATER, 0.1)),
    ),
    Site("plain", 115.9, 33.2, 4, ((CULTIVATED, 0.4), (ARTIFICIAL, 0.25), (WATER, 0.15), (GRASSLAND, 0.2))),
    Site("lakes", 118.4, 31.4, 8, ((WATER, 0.3), (WETLAND, 0.3), (CULTIVATED, 0.2), (ARTIFICIAL, 0.2))),
    Site("hills", 116.3, 38.2, 8, ((FOREST, 0.4), (SHRUBLAND, 0.15), (CULTIVATED, 0.25), (GRASSLAND, 0.2))),
    Site("capital", 118.9, 36.6, 4, ((ARTIFICIAL, 0.45), (BARE, 0.2), (FOREST, 0.15), (GRASSLAND, 0.2))),
    Site("coast", 121.2, 32.6, 8, ((SEA, 0.35), (WATER, 0.05), (WETLAND, 0.2), (CULTIVATED, 0.2), (ARTIFICIAL, 0.2))),
    Site("alps", 9.4, 46.6, 16, ((SNOW, 0.35), (BARE, 0.3), (FOREST, 0.2), (GRASSLAND, 0.15))),
    Site("foothills", 8.2, 47.6, 8, ((FOREST, 0.3), (GRASSLAND, 0.3), (CULTIVATED, 0.2), (ARTIFICIAL, 0.2))),
    Site("valley", 11.1, 45.9, 4, ((FOREST, 0.35), (WATER, 0.15), (ARTIFICIAL, 0.2), (BARE, 0.3))),
    Site("desert", 31.2, 31.3, 16, ((BARE, 0.5), (CULTIVATED, 0.25), (ARTIFICIAL, 0.15), (WATER, 0.1))),
    Site("delta", 33.6, 33.4, 8, ((WETLAND, 0.3), (WATER, 0.25), (BARE, 0.2), (CULTIVATED, 0.25)), epsg=4326),
    Site("steppe", 105.3, 47.4, 16, ((GRASSLAND, 0.4), (BARE, 0.3), (SNOW, 0.2), (SHRUBLAND, 0.1)), epsg=3857),
    Site("glacier", 103.4, 48.6, 8, ((SNOW, 0.4), (BARE, 0.2), (GRASSLAND, 0.2), (WATER, 0.2))),
    Site(
        "suburb", 7.1, 48.9, 4, ((ARTIFICIAL, 0.35), (FOREST, 0.25), (CULTIVATED, 0.2), (GRASSLAND, 0.2)), held_out=True
    ),
    Site("moor", 10.3, 48.3, 8, ((WETLAND, 0.25), (WATER, 0.2), (FOREST, 0.3), (GRASSLAND, 0.25)), held_out=True),
    Site("range", 104.5, 45.7, 16, ((SNOW, 0.25), (BARE, 0.35), (CULTIVATED, 0.2), (FOREST, 0.2)), held_out=True),
)

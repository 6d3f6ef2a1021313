"""Population: projections by age and sex, births, life expectancy, catchments, health status."""

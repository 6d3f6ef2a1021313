"""How much space activity needs: areas, assumptions, the preset method and occupancy."""

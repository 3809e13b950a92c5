"""Flower's configuration. Its password comes from the environment (`FLOWER_BASIC_AUTH`)."""

# Flower keeps each task it hears of in memory.
max_tasks = 10_000
# The ledger has the history; Flower is for watching.
persistent = False
# Newest first, and these columns: what we run is named by its first argument, the video's id.
tasks_columns = "name,uuid,state,args,result,received,started,runtime,worker"
enable_events = True

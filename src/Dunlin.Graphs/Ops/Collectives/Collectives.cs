namespace Dunlin.Graphs.Ops;

/// <summary>Marks an operation that starts a collective: all ranks start theirs in the order of the graph.</summary>
internal interface ICollectiveStart;

/// <summary>Marks an operation that waits for a collective: it runs when nothing else can.</summary>
internal interface ICollectiveWait;

namespace Dunlin.Samples.Hpc.AllReduces;

/// <summary>What messages cost (Hockney's model): one of m bytes takes α + mβ, and adding up m bytes takes mγ. All in seconds.</summary>
/// <param name="Alpha">The start of a message.</param>
/// <param name="Beta">One byte on the way.</param>
/// <param name="Gamma">One byte added up.</param>
public readonly record struct Cost(double Alpha, double Beta, double Gamma = 0);

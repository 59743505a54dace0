using Dunlin.Communication;
using Dunlin.Tensors;

namespace Dunlin.Strategies.Tests;

/// <summary>What mpirun runs: one process of those that train every case in every way that is for as many.</summary>
internal static class SameAnswerProgram
{
    internal const string Verb = "train-cases";

    /// <summary>Trains and saves the weights as each process has them.</summary>
    /// <param name="directory">Where to.</param>
    /// <param name="all">Whether all cases are trained, not only few.</param>
    public static int Run(string directory, bool all)
    {
        using var cluster = Cluster.Join(new ClusterOptions { SharedMemory = false, Timeout = TimeSpan.FromSeconds(30) });
        foreach (var way in Way.All.Where(w => w.Processes == cluster.Size))
        {
            way.Arrange(cluster);
            foreach (var one in all ? way.Cases : Way.Few) Safetensors.Save(FileOf(directory, way, one, cluster.Rank), one.Train(way.Threads, cluster));
        }
        return 0;
    }

    /// <summary>Where the weights of a run are as one process has them.</summary>
    public static string FileOf(string directory, Way way, TrainingCase one, int process) => Path.Combine(directory, $"{way.Name}, {one.Name}, {process}.safetensors");
}

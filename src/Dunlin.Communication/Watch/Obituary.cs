namespace Dunlin.Communication;

/// <summary>What is said of a process that is lost.</summary>
internal static class Obituary
{
    /// <summary>What a process's ranks do or last did.</summary>
    /// <param name="process">Who.</param>
    /// <param name="state">Its last sign of life, or null.</param>
    /// <param name="recorder">What it noted itself, if it is on this host.</param>
    public static IReadOnlyList<(int Rank, string Text)> Doing(Hello process, ProcessState? state, FlightRecorder? recorder) =>
        state?.Ranks is { Count: > 0 } ranks ? [.. ranks.Select((rank, number) => (rank.Rank, recorder?.Doing(number) ?? rank.ToString()))] : [(process.Rank, recorder?.Doing(0) ?? "at its start")];

    /// <summary>The sentence that names it.</summary>
    public static string Of(Hello process, IReadOnlyList<(int Rank, string Text)> doing, string fate) =>
        $"{(doing.Count == 1 ? $"Rank {doing[0].Rank}" : $"Ranks {doing[0].Rank} to {doing[^1].Rank}")} (process {process.Pid} on {process.Host}) {fate}; "
        + $"{(doing.Count == 1 ? $"it last was at {doing[0].Text}" : $"they last were: {string.Join("; ", doing.Select(d => $"rank {d.Rank} at {d.Text}"))}")}.";
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dunlin.Communication;

/// <summary>What processes of a run tell each other about themselves, besides MPI: one line of JSON each.</summary>
[JsonDerivedType(typeof(Hello), "hello")]
[JsonDerivedType(typeof(ProcessState), "state")]
[JsonDerivedType(typeof(CallNotice), "call")]
[JsonDerivedType(typeof(LeftNotice), "left")]
[JsonDerivedType(typeof(FailNotice), "fail")]
[JsonDerivedType(typeof(TimeOutNotice), "time-out")]
[JsonDerivedType(typeof(Farewell), "farewell")]
[JsonDerivedType(typeof(Beat), "beat")]
[JsonDerivedType(typeof(Question), "question")]
[JsonDerivedType(typeof(Agreement), "agreed")]
[JsonDerivedType(typeof(Verdict), "verdict")]
internal abstract record WatchMessage;

/// <summary>The first line of a connection.</summary>
/// <param name="Rank">Of the process.</param>
/// <param name="Host">Its host's name.</param>
/// <param name="Pid">Its number there.</param>
/// <param name="Secret">What only processes of this run know.</param>
/// <param name="Recorder">The path of its <see cref="FlightRecorder"/>, for those on its host.</param>
internal sealed record Hello(int Rank, string Host, int Pid, string Secret, string Recorder) : WatchMessage;

/// <summary>A sign of life: what a process's ranks do just now.</summary>
internal sealed record ProcessState(IReadOnlyList<RankState> Ranks) : WatchMessage;

/// <summary>What a rank does just now.</summary>
/// <param name="Rank">Of the world.</param>
/// <param name="Step">The training step, or −1 before the first.</param>
/// <param name="Last">The last call that is done, or null.</param>
/// <param name="Wait">What it waits in, or null.</param>
/// <param name="Numbers">The last collective that it has begun, of each group.</param>
internal sealed record RankState(int Rank, long Step, string? Last, WaitState? Wait, IReadOnlyDictionary<string, long> Numbers)
{
    /// <summary>Such as "step 17, waits in AllReduce #52 of 1000 Float32, Sum".</summary>
    public override string ToString() => Sentence(Step, Last, Wait?.Call, Wait?.Milliseconds ?? 0);

    public static string Sentence(long step, string? last, string? wait, long milliseconds) => string.Create(CultureInfo.InvariantCulture,
        $"{(step < 0 ? "before the first step" : $"step {step}")}, {(wait is not null ? $"waits in {wait} since {milliseconds / 1000.0:0.0} s"
            : last is not null ? $"in no collective; the last was {last}" : "has called no collective yet")}");
}

/// <summary>A wait under way.</summary>
/// <param name="Group">The communicator.</param>
/// <param name="Number">The collective's number there; 0 of a send or receive.</param>
/// <param name="Peer">The rank of the world on the other side of a send or receive, else −1.</param>
/// <param name="Who">The waiting rank, as the group names it.</param>
/// <param name="Call">What it called.</param>
/// <param name="Milliseconds">How long it has waited.</param>
internal sealed record WaitState(string Group, long Number, int Peer, string Who, string Call, long Milliseconds);

/// <summary>A call that is to be compared with the other ranks' before it is made.</summary>
/// <param name="World">The world of the group.</param>
/// <param name="Group">The communicator.</param>
/// <param name="Members">Its size.</param>
/// <param name="Key">Equal for calls that belong together: the number of a collective; sender, receiver and tag of a message.</param>
/// <param name="Rank">Who calls, within the group.</param>
/// <param name="Who">The same, as the group names it.</param>
/// <param name="Call">What is called.</param>
/// <param name="Side">0 of collectives, which must be equal; 1 of a send, 2 of a receive.</param>
/// <param name="Matter">What of it has to be equal.</param>
internal sealed record CallNotice(int World, string Group, int Members, string Key, int Rank, string Who, string Call, int Side, string Matter) : WatchMessage;

/// <summary>A rank has left a group.</summary>
/// <param name="World">The world of the group.</param>
/// <param name="Group">The communicator.</param>
/// <param name="Rank">Of the world.</param>
/// <param name="Who">As the group names it.</param>
/// <param name="Number">Its last collective there.</param>
internal sealed record LeftNotice(int World, string Group, int Rank, string Who, long Number) : WatchMessage;

/// <summary>A rank can't go on, or has found out why nobody can.</summary>
internal sealed record FailNotice(int World, string Reason) : WatchMessage;

/// <summary>A wait has lasted too long.</summary>
/// <param name="World">The world of the group; <see cref="Verdict.Everything"/> where the process is stuck in the library.</param>
/// <param name="Rank">Whose wait, of the world.</param>
/// <param name="Wait">In what.</param>
/// <param name="Members">The ranks that should have come, with the names that the group has for them.</param>
internal sealed record TimeOutNotice(int World, int Rank, WaitState Wait, IReadOnlyDictionary<int, string> Members) : WatchMessage;

/// <summary>The process ends as it should; from rank 0, the watch.</summary>
internal sealed record Farewell : WatchMessage;

/// <summary>Rank 0's sign of life to the others.</summary>
internal sealed record Beat(ProcessState State) : WatchMessage;

/// <summary>Asks for a <see cref="RankState"/> now.</summary>
internal sealed record Question : WatchMessage;

/// <summary>All ranks have called the same: they may go on.</summary>
internal sealed record Agreement(string Group, string Key) : WatchMessage;

/// <summary>Why a world has failed.</summary>
/// <param name="World">Which one, or <see cref="Everything"/>.</param>
/// <param name="Reason">One sentence or two that name the culprit.</param>
/// <param name="IsSaid">Whether a rank has said so of itself, and is about to end.</param>
internal sealed record Verdict(int World, string Reason, bool IsSaid = false) : WatchMessage
{
    /// <summary>A process is lost, and with it the whole job.</summary>
    public const int Everything = -1;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(WatchMessage))]
internal sealed partial class WatchJson : JsonSerializerContext
{
    public static byte[] Line(WatchMessage message) => [.. JsonSerializer.SerializeToUtf8Bytes(message, Default.WatchMessage), (byte)'\n'];

    public static WatchMessage? Parse(ReadOnlySpan<byte> line)
    {
        try { return JsonSerializer.Deserialize(line, Default.WatchMessage); }
        catch (JsonException) { return null; }
        catch (NotSupportedException) { return null; }
    }
}

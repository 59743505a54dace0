using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Dunlin.Communication;

/// <summary>
/// Rank 0's ear for all processes of a run: every process has a connection to it and says every 200 ms what it does. It finds who has died, stopped, left or called something
/// else than the others, and tells everybody. Nothing of this goes through MPI, where a wait may never end.
/// </summary>
internal sealed class WatchServer : IDisposable
{
    private static readonly TimeSpan LeftForGood = TimeSpan.FromSeconds(2);

    private readonly Socket _listener;
    private readonly string _secret;
    private readonly Patience _patience;
    private readonly Member?[] _members;
    private readonly List<WatchConnection> _strangers = [];
    private readonly HashSet<int> _decided = [];
    private readonly CallComparison _calls = new();
    private readonly List<LeftNotice> _left = [];
    private readonly List<(TimeOutNotice Notice, long Asked)> _timeOuts = [];
    private readonly Thread _thread;
    private readonly string _host;
    private volatile bool _stopping;
    private long _turn = Stopwatch.GetTimestamp();

    public WatchServer(int size, string host, string secret, Patience patience)
    {
        (_secret, _patience, _host) = (secret, patience, host);
        _members = new Member?[size];
        // Both families of addresses, whichever the other hosts know this one by.
        _listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        _listener.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        _listener.Listen(size);
        _thread = new Thread(Loop) { IsBackground = true, Name = "Dunlin watch, all ranks", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Says that the watch ends because all is done: who hears nothing takes the end of the connection for a death.</summary>
    public void SayFarewell() => Tell(new Farewell());

    public void Dispose()
    {
        _stopping = true;
        _thread.Join(TimeSpan.FromSeconds(1));
        _listener.Dispose();
        foreach (var member in _members) member?.Connection.Dispose();
    }

    private void Loop()
    {
        List<Socket> readable = [];
        var nextBeat = 0L;
        while (!_stopping)
        {
            readable.Clear();
            readable.Add(_listener);
            foreach (var member in _members)
                if (member is { Gone: false }) readable.Add(member.Connection.Socket);
            foreach (var stranger in _strangers) readable.Add(stranger.Socket);
            Socket.Select(readable, null, null, _timeOuts.Count > 0 ? 10_000 : 100_000);
            ForgiveOwnSleep();
            foreach (var socket in readable) Read(socket);
            if (Environment.TickCount64 >= nextBeat)
            {
                nextBeat = Environment.TickCount64 + (long)Patience.Beat.TotalMilliseconds;
                if (_members[0]?.State is { } own) Tell(new Beat(own));
            }
            FindSilent();
            FindHopeless();
            AnswerTimeOuts();
        }
    }

    /// <summary>If this thread was not run for a while, the others' signs of life wait unread: their silence is not theirs.</summary>
    private void ForgiveOwnSleep()
    {
        var slept = Stopwatch.GetElapsedTime(_turn) - TimeSpan.FromMilliseconds(300);
        _turn = Stopwatch.GetTimestamp();
        if (slept <= TimeSpan.Zero) return;
        foreach (var member in _members)
            if (member is not null) member.Heard += (long)(slept.TotalSeconds * Stopwatch.Frequency);
    }

    private void Read(Socket socket)
    {
        if (socket == _listener)
        {
            _strangers.Add(new WatchConnection(WatchConnection.Prepare(_listener.Accept(), _patience.Silence)));
            return;
        }
        if (_strangers.Find(s => s.Socket == socket) is { } stranger)
        {
            if (!stranger.Receive(message => Meet(stranger, message)))
            {
                _strangers.Remove(stranger);
                stranger.Dispose();
            }
            return;
        }
        if (Array.Find(_members, m => m?.Connection.Socket == socket) is not { Gone: false } member) return;
        if (member.Connection.Receive(message => Take(member, message))) return;
        member.Gone = true;
        if (!member.SaidFarewell) Lose(member, "died");
    }

    private void Meet(WatchConnection connection, WatchMessage message)
    {
        if (message is not Hello hello || hello.Secret != _secret || hello.Rank < 0 || hello.Rank >= _members.Length || _members[hello.Rank] is not null)
        {
            // Behind the first line of a member more may have come in the same piece.
            if (Array.Find(_members, m => m?.Connection == connection) is { } member) Take(member, message);
            return;
        }
        _strangers.Remove(connection);
        var recorder = hello.Host == _host ? FlightRecorder.Open(hello.Recorder) : null;
        // Nobody else needs its name, but that of rank 0, which all on its host open before they say hello: nothing stays behind, however processes end.
        if (hello.Rank != 0) recorder?.Unlink();
        _members[hello.Rank] = new Member(hello, connection, recorder) { Heard = Stopwatch.GetTimestamp() };
        if (_members.All(m => m is not null)) _members[0]!.Recorder?.Unlink();
    }

    private void Take(Member member, WatchMessage message)
    {
        member.Heard = Stopwatch.GetTimestamp();
        switch (message)
        {
            case ProcessState state: member.State = state; member.Fresh = true; break;
            case CallNotice call: Compare(call); break;
            case LeftNotice left: _left.Add(left); break;
            case FailNotice fail: Decide(fail.World, fail.Reason, isSaid: true); break;
            case TimeOutNotice late:
                foreach (var other in _members) other?.Fresh = false;
                _timeOuts.Add((late, Environment.TickCount64));
                Tell(new Question());
                break;
            case Farewell: member.SaidFarewell = true; break;
        }
    }

    private void Compare(CallNotice call)
    {
        if (_decided.Contains(call.World)) return;
        var (mismatch, complete) = _calls.Take(call);
        if (mismatch is not null) Decide(call.World, mismatch);
        if (complete) Tell(new Agreement(call.Group, call.Key));
    }

    private void FindSilent()
    {
        foreach (var member in _members)
        {
            if (member is null or { Gone: true } or { SaidFarewell: true }) continue;
            if (_patience.Judge(Stopwatch.GetElapsedTime(member.Heard), member.Hello.Host == _host ? member.Hello.Pid : null) is not { } fate) continue;
            member.Gone = true;
            Lose(member, fate);
        }
    }

    /// <summary>Waits for a rank that has left can't end well.</summary>
    private void FindHopeless()
    {
        foreach (var left in _left)
            foreach (var (_, state) in Ranks())
            {
                if (state.Wait is not { } wait || wait.Group != left.Group || _decided.Contains(left.World)) continue;
                // A message may still be on its way when its sender has left.
                var hopeless = wait.Number > 0 ? wait.Number > left.Number : wait.Peer == left.Rank && wait.Milliseconds > LeftForGood.TotalMilliseconds;
                if (hopeless) Decide(left.World, CallSentences.Left(left.Who, wait));
            }
    }

    /// <summary>Says who has not come, as soon as everybody has said where he is.</summary>
    private void AnswerTimeOuts()
    {
        foreach (var (late, asked) in _timeOuts.ToArray())
        {
            var all = _members.All(m => m is null or { Gone: true } or { Fresh: true });
            if (!all && Environment.TickCount64 - asked < Patience.Beat.TotalMilliseconds * 2) continue;
            _timeOuts.Remove((late, asked));
            if (_decided.Contains(late.World)) continue;
            var ranks = Ranks().ToDictionary(r => r.State.Rank);
            var missing = late.Members.Where(m => m.Key != late.Rank && !(ranks.TryGetValue(m.Key, out var other) && HasCome(other.State, late.Wait)))
                .Select(m => $"{m.Value}, {(ranks.TryGetValue(m.Key, out var other) ? $"on {other.Member.Hello.Host}: {other.State}" : "which has said nothing yet")}").ToArray();
            var sentence = CallSentences.TimedOut(late.Wait, missing);
            Decide(late.World, late.World == Verdict.Everything ? $"{sentence}{Others(null)}" : sentence);
        }
    }

    /// <summary>Every rank that has given a sign, with its process.</summary>
    private IEnumerable<(Member Member, RankState State)> Ranks() => _members.OfType<Member>().SelectMany(m => (m.State?.Ranks ?? []).Select(state => (m, state)));

    private static bool HasCome(RankState state, WaitState wait) => wait.Number > 0 ? state.Numbers.GetValueOrDefault(wait.Group) >= wait.Number : state.Rank != wait.Peer;

    private void Lose(Member member, string fate) => Decide(Verdict.Everything, Obituary.Of(member.Hello, member.Doing, fate) + Others(member));

    /// <summary>The hang report: a line for each other rank, or for the first ones of many.</summary>
    private string Others(Member? but)
    {
        const int Most = 64;
        var lines = _members.SelectMany((m, process) => m == but ? [] : m is null ? [$"\n  process {process} has not connected"] : m.Doing.Select(d => $"\n  rank {d.Rank} on {m.Hello.Host}: {d.Text}")).ToList();
        return string.Concat(lines.Take(Most)) + (lines.Count > Most ? $"\n  and {lines.Count - Most} more" : "");
    }

    private void Decide(int world, string reason, bool isSaid = false)
    {
        if (!_decided.Add(world)) return;
        Tell(new Verdict(world, reason, isSaid));
    }

    private void Tell(WatchMessage message)
    {
        foreach (var member in _members)
            if (member is { Gone: false }) member.Connection.Send(message);
    }

    private sealed class Member(Hello hello, WatchConnection connection, FlightRecorder? recorder)
    {
        public Hello Hello { get; } = hello;

        public WatchConnection Connection { get; } = connection;

        public ProcessState? State { get; set; }

        public FlightRecorder? Recorder { get; } = recorder;

        /// <summary>What its ranks do or last did: exactly on this host, by the last sign of life on others.</summary>
        public IReadOnlyList<(int Rank, string Text)> Doing => Obituary.Doing(Hello, State, Recorder);

        /// <summary>When it last gave a sign.</summary>
        public long Heard { get; set; }

        /// <summary>Whether its state is younger than the last question.</summary>
        public bool Fresh { get; set; }

        public bool Gone { get; set; }

        public bool SaidFarewell { get; set; }
    }
}

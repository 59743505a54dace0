using System.Net.Sockets;

namespace Dunlin.Communication;

/// <summary>Connects to another process of the run.</summary>
/// <param name="to">Where it listens.</param>
/// <param name="security">How both know that they belong together.</param>
/// <param name="caller">Who connects.</param>
/// <param name="stall">How long a transfer may stand still.</param>
internal sealed class FrameConnector(Endpoint to, ConnectionSecurity security, Caller caller, TimeSpan stall)
{
    private const int AttemptSeconds = 10, FirstPauseMilliseconds = 20, LongestPauseMilliseconds = 1000;

    /// <summary>Where the other process listens.</summary>
    public Endpoint To => to;

    /// <summary>Connects, trying again with growing pauses.</summary>
    /// <param name="within">How long.</param>
    /// <param name="join">What is to be said first on a connection: if that is refused for now, or the connection lost, it is tried again.</param>
    /// <exception cref="ConnectionLostException">The time is over.</exception>
    /// <exception cref="RefusedException">The other side does not want it.</exception>
    /// <exception cref="DunlinException">The connection would not be safe.</exception>
    public FrameConnection Connect(TimeSpan within, Action<FrameConnection>? join = null)
    {
        security.CheckConnecting(to);
        var end = Environment.TickCount64 + (long)within.TotalMilliseconds;
        using var never = new ManualResetEventSlim();
        var (pause, attempts) = (FirstPauseMilliseconds, 0);
        while (true)
        {
            attempts++;
            FrameConnection? connection = null;
            string why;
            try
            {
                connection = Attempt(Math.Max(end, Environment.TickCount64 + 1000));
                join?.Invoke(connection);
                return connection;
            }
            catch (Exception e) when (e is ConnectionLostException or RefusedException { MayPass: true })
            {
                connection?.Dispose();
                why = e.Message.TrimEnd('.');
            }
            catch
            {
                connection?.Dispose();
                throw;
            }
            if (Environment.TickCount64 + pause > end) throw new ConnectionLostException($"{to} can't be reached: {why} ({attempts} {(attempts == 1 ? "attempt" : "attempts")} in {within.TotalSeconds:0.#} s).");
            never.Wait(pause);
            pause = Math.Min(2 * pause, LongestPauseMilliseconds);
        }
    }

    private FrameConnection Attempt(long end)
    {
        var until = Math.Min(end, Environment.TickCount64 + AttemptSeconds * 1000);
        Exception? last = null;
        var isLate = false;
        foreach (var address in to.Resolve())
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            // Blocking calls, so that .NET keeps to them on this socket; who closes it ends them.
            using var guard = new Timer(_ =>
            {
                Volatile.Write(ref isLate, true);
                socket.Dispose();
            }, null, Math.Max(1, until - Environment.TickCount64), Timeout.Infinite);
            SocketStream? stream = null;
            try
            {
                socket.Connect(address, to.Port);
                stream = new SocketStream(socket, stall) { IdleUntil = until };
                var connection = new FrameConnection(stream, security.Connected(stream, to), $"{to}");
                Handshake.Connect(connection, security, caller, until);
                return connection;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or ConnectionLostException)
            {
                last = e;
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
        throw new ConnectionLostException(Volatile.Read(ref isLate) ? "no answer" : last?.Message ?? "the name stands for no address", last);
    }
}

using System.Net;
using System.Net.Sockets;

namespace Dunlin.Communication;

/// <summary>Listens for other processes of the run, and gives each that shows that it is one a thread.</summary>
internal sealed class FrameListener : IDisposable
{
    /// <summary>Time to show who one is, and how many may be about it at once.</summary>
    private const int HandshakeSeconds = 10, MostStrangers = 64;

    private readonly Socket _socket;
    private readonly ConnectionSecurity _security;
    private readonly Action<FrameConnection, Caller> _serve;
    private readonly Action<string> _log;
    private readonly TimeSpan _stall;
    private readonly HashSet<IDisposable> _open = [];
    private readonly Thread _thread;
    private int _strangers;
    private volatile bool _closed;

    /// <summary>Begins to listen.</summary>
    /// <param name="at">Where.</param>
    /// <param name="security">Who may come.</param>
    /// <param name="stall">How long a transfer may stand still.</param>
    /// <param name="serve">What is done with each connection, in a thread of its own; its end closes the connection.</param>
    /// <param name="log">Is told of who is refused, and why.</param>
    /// <exception cref="DunlinException">The address can't be listened on, or not without TLS.</exception>
    public FrameListener(Endpoint at, ConnectionSecurity security, TimeSpan stall, Action<FrameConnection, Caller> serve, Action<string> log) : this(Open(at, security), security, stall, serve, log)
    {
    }

    private FrameListener(Socket socket, ConnectionSecurity security, TimeSpan stall, Action<FrameConnection, Caller> serve, Action<string> log)
    {
        (_socket, _security, _stall, _serve, _log) = (socket, security, stall, serve, log);
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        _thread = new Thread(Run) { IsBackground = true, Name = $"listener on port {Port}" };
        _thread.Start();
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>Takes connections of a socket that <see cref="Open"/> made, also those that have come meanwhile.</summary>
    /// <param name="socket">Which the result owns.</param>
    /// <param name="security">Who may come.</param>
    /// <param name="stall">How long a transfer may stand still.</param>
    /// <param name="serve">What is done with each connection, in a thread of its own; its end closes the connection.</param>
    /// <param name="log">Is told of who is refused, and why.</param>
    public static FrameListener Over(Socket socket, ConnectionSecurity security, TimeSpan stall, Action<FrameConnection, Caller> serve, Action<string> log) => new(socket, security, stall, serve, log);

    /// <summary>A socket that listens, where that is safe.</summary>
    /// <exception cref="DunlinException">The address can't be listened on, or not without TLS.</exception>
    public static Socket Open(Endpoint at, ConnectionSecurity security)
    {
        security.CheckListening(at);
        var address = at.Resolve()[0];
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // A server that is started again listens where it did.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(address, at.Port));
            socket.Listen(MostStrangers);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new DunlinException($"{at} can't be listened on: {e.Message}. Is another server running there, or is the address another machine's?", e);
        }
    }

    /// <summary>Listens no more, and closes all connections.</summary>
    public void Dispose()
    {
        _closed = true;
        _socket.Dispose();
        lock (_open)
            foreach (var connection in _open) connection.Dispose();
        _thread.Join();
    }

    private void Run()
    {
        while (!_closed)
        {
            Socket accepted;
            try { accepted = _socket.Accept(); }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (_closed) return;
                continue;
            }
            if (Interlocked.Increment(ref _strangers) > MostStrangers)
            {
                Interlocked.Decrement(ref _strangers);
                accepted.Dispose();
                continue;
            }
            new Thread(() => Serve(accepted)) { IsBackground = true, Name = "connection" }.Start();
        }
    }

    private void Serve(Socket accepted)
    {
        var peer = "";
        var isStranger = true;
        SocketStream? socket = null;
        try
        {
            peer = $"{accepted.RemoteEndPoint}";
            socket = new SocketStream(accepted, _stall);
            Track(socket);
            var until = socket.IdleUntil = Environment.TickCount64 + HandshakeSeconds * 1000;
            FrameConnection connection;
            Caller caller;
            // One who sends a byte now and then must not stay either.
            using (new Timer(_ => accepted.Dispose(), null, HandshakeSeconds * 1000, Timeout.Infinite))
            {
                connection = new FrameConnection(socket, _security.Accepted(socket), peer);
                caller = Handshake.Accept(connection, _security, until.Value);
            }
            isStranger = false;
            Interlocked.Decrement(ref _strangers);
            _serve(connection, caller);
        }
        catch (Exception e) when (e is ConnectionLostException or FrameException or RefusedException or SocketException or ObjectDisposedException)
        {
            if (!_closed) _log($"A connection from {peer} was {(isStranger ? "refused" : "ended")}: {e.Message}");
        }
#pragma warning disable CA1031 // What goes wrong with one connection is not to end the process, and with it the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (!_closed) _log($"A connection from {peer} has ended unexpectedly: {e}");
        }
        finally
        {
            if (isStranger) Interlocked.Decrement(ref _strangers);
            if (socket is not null) Untrack(socket);
            accepted.Dispose();
        }
    }

    private void Track(IDisposable connection)
    {
        lock (_open)
        {
            _open.Add(connection);
            if (_closed) connection.Dispose();
        }
    }

    private void Untrack(IDisposable connection)
    {
        lock (_open) _open.Remove(connection);
    }
}

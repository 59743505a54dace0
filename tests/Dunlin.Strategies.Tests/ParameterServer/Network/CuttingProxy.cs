using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Dunlin.Strategies.Tests;

/// <summary>Passes bytes on to a server, and cuts each connection after a number of bytes that is drawn.</summary>
internal sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _server;
    private readonly Random _random;
    private readonly int _most;
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private int _cuts;
    private volatile bool _closed;

    public CuttingProxy(string server, int seed, int most)
    {
        (_server, _random, _most) = (IPEndPoint.Parse(server), new Random(seed), most);
        _listener.Start();
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public int Cuts => _cuts;

    /// <summary>Nothing more is cut.</summary>
    public bool IsCalm { get; set; }

    public void Dispose()
    {
        _closed = true;
        _listener.Stop();
        foreach (var client in _clients) client.Dispose();
    }

    private void Accept()
    {
        while (!_closed)
        {
            try
            {
                var worker = _listener.AcceptTcpClient();
                var server = new TcpClient();
                try { server.Connect(_server); }
                catch (SocketException)
                {
                    worker.Dispose();
                    continue;
                }
                _clients.Add(worker);
                _clients.Add(server);
                var left = IsCalm ? int.MaxValue : _random.Next(_most);
                new Thread(() => Pass(worker, server, ref left)) { IsBackground = true }.Start();
                new Thread(() => Pass(server, worker, ref left)) { IsBackground = true }.Start();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
        }
    }

    private void Pass(TcpClient from, TcpClient to, ref int left)
    {
        var buffer = new byte[1000];
        try
        {
            while (from.GetStream().Read(buffer) is > 0 and var got)
            {
                if (!IsCalm && Interlocked.Add(ref left, -got) < 0)
                {
                    // What is on its way is lost.
                    Interlocked.Increment(ref _cuts);
                    from.Client.LingerState = new(true, 0);
                    break;
                }
                to.GetStream().Write(buffer.AsSpan(0, got));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException) { }
        from.Dispose();
        to.Dispose();
    }
}

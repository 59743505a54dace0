using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Text.Json;
using Dunlin.Tensors;

namespace Dunlin.Communication;

/// <summary>Joining the watch: rank 0 tells the others through MPI where it listens.</summary>
internal sealed unsafe partial class MpiProcess
{
    private void JoinWatch(ClusterOptions options, string host)
    {
        var patience = new Patience(options.Silence);
        Meeting? meeting = null;
        if (Rank == 0)
        {
            var secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
            _server = new WatchServer(Size, host, secret, patience);
            meeting = new(new Hello(0, host, Environment.ProcessId, secret, Own(secret, 0)), [.. Addresses()], _server.Port);
        }
        meeting = JsonSerializer.Deserialize<Meeting>(FromFirst(meeting is null ? [] : JsonSerializer.SerializeToUtf8Bytes(meeting)))!;
        if (Rank != 0) _ = Own(meeting.First.Secret, Rank);
        var addresses = meeting.First.Host == host ? ["127.0.0.1", .. meeting.Addresses] : meeting.Addresses;
        var socket = WatchConnection.Prepare(WatchConnection.Connect(addresses, meeting.Port, TimeSpan.FromSeconds(5)), options.Silence);
        Watch = new WatchClient(new WatchConnection(socket), meeting.First with { Rank = Rank, Host = host, Pid = Environment.ProcessId, Recorder = Seats.RecorderPath }, meeting.First, patience, Seats.State, Stuck, Hopeless, options.Output, options.Grace);
    }

    /// <summary>Makes this process's recorder and returns its path.</summary>
    private string Own(string secret, int rank)
    {
        Seats = new Seats(FlightRecorder.Create($"dunlin-{secret[..8]}-{rank}"), rank);
        return Seats.RecorderPath;
    }

    /// <summary>Rank 0's bytes, on every process.</summary>
    private byte[] FromFirst(byte[] bytes)
    {
        var length = bytes.Length;
        Check(MpiNative.MPI_Bcast((nint)(&length), 1, Reductions.Type(DType.Int32), 0, Constants.World), "MPI_Bcast");
        if (Rank != 0) bytes = new byte[length];
        fixed (byte* first = bytes) Check(MpiNative.MPI_Bcast((nint)first, length, Reductions.Type(DType.UInt8), 0, Constants.World), "MPI_Bcast");
        return bytes;
    }

    /// <summary>All addresses by which others may reach this host, loopback last.</summary>
    private static IEnumerable<string> Addresses() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus == OperationalStatus.Up)
        .OrderBy(network => network.NetworkInterfaceType == NetworkInterfaceType.Loopback)
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(address => address.Address)
        .Where(address => !address.IsIPv6LinkLocal)
        .Select(address => address.ToString());

    private sealed record Meeting(Hello First, IReadOnlyList<string> Addresses, int Port);
}

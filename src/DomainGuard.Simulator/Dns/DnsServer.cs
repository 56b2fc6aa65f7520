using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DomainGuard.Simulator.Dns;

/// <summary>Record types that the server speaks (RFC 1035 3.2.2, RFC 3596).</summary>
public enum DnsRecordType : ushort
{
    /// <summary>Address.</summary>
    A = 1,

    /// <summary>Name server.</summary>
    Ns = 2,

    /// <summary>Canonical name.</summary>
    Cname = 5,

    /// <summary>Start of authority.</summary>
    Soa = 6,

    /// <summary>Mail exchange.</summary>
    Mx = 15,

    /// <summary>IPv6 address.</summary>
    Aaaa = 28,
}

/// <summary>Response codes (RFC 1035 4.1.1).</summary>
public enum DnsCode
{
    /// <summary>No error.</summary>
    NoError = 0,

    /// <summary>SERVFAIL.</summary>
    ServerFailure = 2,

    /// <summary>NXDOMAIN.</summary>
    NameError = 3,

    /// <summary>REFUSED.</summary>
    Refused = 5,
}

/// <summary>What is asked.</summary>
/// <param name="Name">Lower case, without trailing dot.</param>
/// <param name="Type">Record type.</param>
public readonly record struct DnsQuestion(string Name, DnsRecordType Type);

/// <summary>One record. <paramref name="Data"/>: a host name for NS, CNAME and SOA (its primary), "10 host" for MX, an address for A and AAAA.</summary>
public sealed record DnsRecord(string Owner, DnsRecordType Type, string Data);

/// <summary>What is answered; null from the zone function means silence.</summary>
/// <param name="Code">Response code.</param>
/// <param name="Answers">Answer section.</param>
/// <param name="Authorities">Authority section.</param>
public sealed record DnsAnswer(DnsCode Code, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authorities);

/// <summary>A DNS responder on a loopback port, over UDP and TCP, speaking the wire format (RFC 1035 4). What it answers is a function.</summary>
public sealed class DnsServer : IAsyncDisposable
{
    private const int MaxUdp = 512;
    private readonly Func<DnsQuestion, DnsAnswer?> _zone;
    private readonly CancellationTokenSource _closing = new();
    private readonly Socket _udp;
    private readonly TcpListener _tcp;
    private readonly Task _work;

    private DnsServer(Func<DnsQuestion, DnsAnswer?> zone, Socket udp, TcpListener tcp)
    {
        (_zone, _udp, _tcp) = (zone, udp, tcp);
        EndPoint = (IPEndPoint)udp.LocalEndPoint!;
        _work = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts on a free loopback port.</summary>
    public static DnsServer Start(Func<DnsQuestion, DnsAnswer?> zone)
    {
        for (var attempt = 0; ; attempt++)
        {
            var tcp = new TcpListener(IPAddress.Loopback, 0);
            tcp.Start();
            var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                udp.ReceiveBufferSize = 4 * 1024 * 1024;
                udp.Bind(tcp.LocalEndpoint);
                return new DnsServer(zone, udp, tcp);
            }
            catch (SocketException) when (attempt < 20)
            {
                // The port is free for TCP and taken for UDP: try another.
                udp.Dispose();
                tcp.Dispose();
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await _work;
        _closing.Dispose();
    }

    private async Task ServeUdpAsync()
    {
        var buffer = new byte[4096];
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _closing.Token);
                if (Answer(buffer.AsSpan(0, received.ReceivedBytes), MaxUdp) is { } reply)
                {
                    await _udp.SendToAsync(reply, SocketFlags.None, received.RemoteEndPoint, _closing.Token);
                }
            }
            catch (SocketException)
            {
                // The asker is gone (port unreachable); the next one is served.
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeTcpAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                _ = ServeConnectionAsync(await _tcp.AcceptTcpClientAsync(_closing.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeConnectionAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var length = new byte[2];
                while (true)
                {
                    await stream.ReadExactlyAsync(length, _closing.Token);
                    var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                    await stream.ReadExactlyAsync(query, _closing.Token);
                    if (Answer(query, ushort.MaxValue) is { } reply)
                    {
                        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)reply.Length);
                        await stream.WriteAsync(length, _closing.Token);
                        await stream.WriteAsync(reply, _closing.Token);
                    }
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The asker has closed, or we do.
            }
        }
    }

    private byte[]? Answer(ReadOnlySpan<byte> query, int limit)
    {
        if (query.Length < 17 || !TryReadQuestion(query, out var question, out var end))
        {
            return null;
        }

        if (_zone(question) is not { } answer)
        {
            return null;
        }

        var reply = Write(query, end, answer, truncated: false);
        return reply.Length <= limit ? reply : Write(query, end, new DnsAnswer(answer.Code, [], []), truncated: true);
    }

    private static bool TryReadQuestion(ReadOnlySpan<byte> query, out DnsQuestion question, out int end)
    {
        var name = new StringBuilder();
        end = 12;
        while (end < query.Length && query[end] is > 0 and < 64 and var length && end + 1 + length < query.Length)
        {
            name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(query.Slice(end + 1, length)));
            end += 1 + length;
        }

        if (end + 5 > query.Length || query[end] != 0)
        {
            question = default;
            return false;
        }

        question = new DnsQuestion(name.ToString().ToLowerInvariant(), (DnsRecordType)BinaryPrimitives.ReadUInt16BigEndian(query[(end + 1)..]));
        end += 5;
        return true;
    }

    private static byte[] Write(ReadOnlySpan<byte> query, int questionEnd, DnsAnswer answer, bool truncated)
    {
        using var reply = new MemoryStream(512);
        Span<byte> header = stackalloc byte[12];
        query[..2].CopyTo(header);
        header[2] = (byte)(0x80 | (truncated ? 0x02 : 0) | (query[2] & 0x01));
        header[3] = (byte)(0x80 | (int)answer.Code);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], 1);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)answer.Answers.Count);
        BinaryPrimitives.WriteUInt16BigEndian(header[8..], (ushort)answer.Authorities.Count);
        reply.Write(header);
        reply.Write(query[12..questionEnd]);
        foreach (var record in answer.Answers.Concat(answer.Authorities))
        {
            WriteRecord(reply, record);
        }

        return reply.ToArray();
    }

    private static void WriteRecord(MemoryStream reply, DnsRecord record)
    {
        using var data = new MemoryStream(64);
        switch (record.Type)
        {
            case DnsRecordType.A or DnsRecordType.Aaaa:
                data.Write(IPAddress.Parse(record.Data).GetAddressBytes());
                break;
            case DnsRecordType.Mx:
                var space = record.Data.IndexOf(' ', StringComparison.Ordinal);
                WriteNumber(data, ushort.Parse(record.Data.AsSpan(0, space), System.Globalization.CultureInfo.InvariantCulture), 2);
                WriteName(data, record.Data[(space + 1)..]);
                break;
            case DnsRecordType.Soa:
                WriteName(data, record.Data);
                WriteName(data, $"hostmaster.{record.Owner}".TrimEnd('.'));
                foreach (var number in (ReadOnlySpan<uint>)[1, 7200, 900, 1209600, 300])
                {
                    WriteNumber(data, number, 4);
                }

                break;
            default:
                WriteName(data, record.Data);
                break;
        }

        WriteName(reply, record.Owner);
        WriteNumber(reply, (ushort)record.Type, 2);
        WriteNumber(reply, 1, 2);
        WriteNumber(reply, 300, 4);
        WriteNumber(reply, (uint)data.Length, 2);
        data.WriteTo(reply);
    }

    private static void WriteName(MemoryStream stream, string name)
    {
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            stream.WriteByte((byte)label.Length);
            stream.Write(Encoding.ASCII.GetBytes(label));
        }

        stream.WriteByte(0);
    }

    private static void WriteNumber(MemoryStream stream, uint value, int bytes)
    {
        for (var i = bytes - 1; i >= 0; i--)
        {
            stream.WriteByte((byte)(value >> (8 * i)));
        }
    }
}

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

    /// <summary>Text.</summary>
    Txt = 16,

    /// <summary>IPv6 address.</summary>
    Aaaa = 28,
}

/// <summary>Response codes (RFC 1035 4.1.1).</summary>
public enum DnsCode
{
    /// <summary>No error.</summary>
    NoError = 0,

    /// <summary>FORMERR.</summary>
    FormatError = 1,

    /// <summary>SERVFAIL.</summary>
    ServerFailure = 2,

    /// <summary>NXDOMAIN.</summary>
    NameError = 3,

    /// <summary>NOTIMP.</summary>
    NotImplemented = 4,

    /// <summary>REFUSED.</summary>
    Refused = 5,
}

/// <summary>What is asked.</summary>
/// <param name="Name">Lower case, without trailing dot.</param>
/// <param name="Type">Record type.</param>
public readonly record struct DnsQuestion(string Name, DnsRecordType Type);

/// <summary>
/// One record. <paramref name="Data"/>: a host name for NS, CNAME and SOA (its primary), "10 host" for MX ("0 " for the null MX, RFC 7505), an address for A and AAAA,
/// ASCII for TXT. What cannot be written as such is answered with SERVFAIL.
/// </summary>
public sealed record DnsRecord(string Owner, DnsRecordType Type, string Data);

/// <summary>What is answered; null from the zone function means silence.</summary>
/// <param name="Code">Response code.</param>
/// <param name="Answers">Answer section.</param>
/// <param name="Authorities">Authority section.</param>
public sealed record DnsAnswer(DnsCode Code, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authorities);

/// <summary>
/// A DNS responder on a loopback port, over UDP and TCP, speaking the wire format (RFC 1035 4). What it answers is a function. An answer above 512 bytes, or above what the
/// asker allows by EDNS (RFC 6891 6.2.3), is cut over UDP with TC set. A function that throws is answered with SERVFAIL: one bad answer must not silence the responder.
/// </summary>
public sealed class DnsServer : IAsyncDisposable
{
    private const int HeaderLength = 12;
    private const int PlainUdp = 512;

    /// <summary>What we let askers send us and, at most, send them over UDP (RFC 6891 6.2.5).</summary>
    private const int EdnsUdp = 4096;

    private const ushort OptType = 41;
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
        var buffer = new byte[EdnsUdp];
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _closing.Token);
                if (Answer(buffer.AsSpan(0, received.ReceivedBytes), isUdp: true) is { } reply)
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
                    if (Answer(query, isUdp: false) is { } reply)
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

    /// <summary>The reply; null for silence: to what is no query at all, and where the zone says so.</summary>
    private byte[]? Answer(ReadOnlySpan<byte> query, bool isUdp)
    {
        const byte IsResponse = 0x80, Opcode = 0x78;
        if (query.Length < HeaderLength || (query[2] & IsResponse) != 0)
        {
            return null;
        }

        if ((query[2] & Opcode) != 0)
        {
            return Write(query, HeaderLength, null, new DnsAnswer(DnsCode.NotImplemented, [], []), truncated: false);
        }

        if (BinaryPrimitives.ReadUInt16BigEndian(query[4..]) != 1 || !TryReadQuestion(query, out var question, out var end))
        {
            return Write(query, HeaderLength, null, new DnsAnswer(DnsCode.FormatError, [], []), truncated: false);
        }

        var edns = ReadEdns(query, end);
        var reply = AnswerFromZone(query, end, edns, question);
        var limit = isUdp ? Math.Clamp(edns ?? PlainUdp, PlainUdp, EdnsUdp) : ushort.MaxValue;
        return reply is null || reply.Length <= limit
            ? reply
            : Write(query, end, edns, new DnsAnswer((DnsCode)(reply[3] & 0x0F), [], []), truncated: true);
    }

    private byte[]? AnswerFromZone(ReadOnlySpan<byte> query, int end, int? edns, DnsQuestion question)
    {
        try
        {
            return _zone(question) is { } answer ? Write(query, end, edns, answer, truncated: false) : null;
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            return Write(query, end, edns, new DnsAnswer(DnsCode.ServerFailure, [], []), truncated: false);
        }
    }

    /// <summary>The UDP size that the asker allows by an OPT record; null without one. OPT is looked for as the first additional record, where every client puts it.</summary>
    private static int? ReadEdns(ReadOnlySpan<byte> query, int end)
    {
        var isThere = BinaryPrimitives.ReadUInt16BigEndian(query[10..]) > 0 && query.Length >= end + 11
            && query[end] == 0 && BinaryPrimitives.ReadUInt16BigEndian(query[(end + 1)..]) == OptType;
        return isThere ? BinaryPrimitives.ReadUInt16BigEndian(query[(end + 3)..]) : null;
    }

    private static bool TryReadQuestion(ReadOnlySpan<byte> query, out DnsQuestion question, out int end)
    {
        var name = new StringBuilder();
        end = HeaderLength;
        while (end < query.Length && query[end] is > 0 and < 64 and var length && end + 1 + length < query.Length && name.Length < 255)
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

    private static byte[] Write(ReadOnlySpan<byte> query, int questionEnd, int? edns, DnsAnswer answer, bool truncated)
    {
        using var reply = new MemoryStream(512);
        Span<byte> header = stackalloc byte[HeaderLength];
        query[..2].CopyTo(header);
        // Response; opcode and "recursion desired" as asked; recursion available.
        header[2] = (byte)(0x80 | (query[2] & 0x78) | (truncated ? 0x02 : 0) | (query[2] & 0x01));
        header[3] = (byte)(0x80 | (int)answer.Code);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(questionEnd > HeaderLength ? 1 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)answer.Answers.Count);
        BinaryPrimitives.WriteUInt16BigEndian(header[8..], (ushort)answer.Authorities.Count);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], (ushort)(edns is null ? 0 : 1));
        reply.Write(header);
        reply.Write(query[HeaderLength..questionEnd]);
        foreach (var record in answer.Answers.Concat(answer.Authorities))
        {
            WriteRecord(reply, record);
        }

        if (edns is not null)
        {
            // OPT: root, type, our UDP size, no flags, no options.
            reply.WriteByte(0);
            WriteNumber(reply, OptType, 2);
            WriteNumber(reply, EdnsUdp, 2);
            WriteNumber(reply, 0, 4);
            WriteNumber(reply, 0, 2);
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
            case DnsRecordType.Txt:
                // Strings of at most 255 octets (RFC 1035 3.3.14); an empty text is one empty string.
                foreach (var part in record.Data.Length == 0 ? [[]] : Encoding.ASCII.GetBytes(record.Data).Chunk(255))
                {
                    data.WriteByte((byte)part.Length);
                    data.Write(part);
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
            if (label.Length > 63)
            {
                throw new FormatException($"'{label}' is longer than a label may be (RFC 1035 2.3.4).");
            }

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

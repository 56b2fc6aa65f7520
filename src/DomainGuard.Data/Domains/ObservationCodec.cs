using System.IO.Compression;
using System.Linq.Expressions;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DomainGuard.Core.Domains;

namespace DomainGuard.Data.Domains;

/// <summary>Between <see cref="Observation"/> and its row. The facts are kept as JSON in a stable form; its hash tells whether two answers are equal for judging.</summary>
public static class ObservationCodec
{
    /// <summary>Raw answers are kept up to this many bytes (1 MiB), which is also what look-ups accept.</summary>
    public const int MaxRawBytes = 1024 * 1024;

    /// <summary>A row without its raw answer, which may be a mebibyte: what everything but the raw view reads.</summary>
    public static Expression<Func<StoredObservation, StoredObservation>> WithoutRaw { get; } = o => new StoredObservation
    {
        Id = o.Id,
        DomainId = o.DomainId,
        Source = o.Source,
        Host = o.Host,
        Outcome = o.Outcome,
        Failure = o.Failure,
        Error = o.Error,
        HttpStatus = o.HttpStatus,
        FirstAt = o.FirstAt,
        LastAt = o.LastAt,
        Times = o.Times,
        DurationMs = o.DurationMs,
        Facts = o.Facts,
        FactsHash = o.FactsHash,
        RawHash = o.RawHash,
    };

    /// <summary>The row of an observation, without its key.</summary>
    public static StoredObservation Encode(long domainId, Observation observation)
    {
        var facts = EncodeFacts(observation);
        var raw = observation.Raw;
        return new StoredObservation
        {
            DomainId = domainId,
            Source = observation.Source,
            Host = observation.Host,
            Outcome = observation.Outcome,
            Failure = observation.Failure,
            Error = observation.Error,
            HttpStatus = observation.HttpStatus,
            FirstAt = observation.AskedAt,
            LastAt = observation.AskedAt,
            Times = 1,
            DurationMs = (int)Math.Min(observation.Duration.TotalMilliseconds, int.MaxValue),
            Facts = facts,
            FactsHash = Hash(observation, facts),
            RawHash = raw.IsEmpty ? null : SHA256.HashData(raw.Span),
            Raw = raw.IsEmpty ? null : Compress(raw.Span),
        };
    }

    /// <summary>The observation of a row, as it was when it was last said; the raw answer is not read.</summary>
    public static Observation Decode(StoredObservation row)
    {
        var observation = new Observation(row.Source, row.Host, row.Outcome, row.LastAt, TimeSpan.FromMilliseconds(row.DurationMs))
        {
            Failure = row.Failure,
            Error = row.Error,
            HttpStatus = row.HttpStatus,
        };
        return row.Facts is null ? observation : row.Source switch
        {
            SourceKind.Rdap => observation with { Rdap = JsonSerializer.Deserialize(row.Facts, FactsJson.Default.RdapFacts) },
            SourceKind.Dns => observation with { Dns = JsonSerializer.Deserialize(row.Facts, FactsJson.Default.DnsFacts) },
            _ => observation with { Research = JsonSerializer.Deserialize(row.Facts, FactsJson.Default.ResearchFacts) },
        };
    }

    /// <summary>The facts of a row of Fastly or Domainr alone, for who reads very many.</summary>
    public static ResearchFacts DecodeResearch(string facts) => JsonSerializer.Deserialize(facts, FactsJson.Default.ResearchFacts) ?? new ResearchFacts([]);

    /// <summary>The facts of a row of DNS alone.</summary>
    public static DnsFacts DecodeDns(string facts) => JsonSerializer.Deserialize(facts, FactsJson.Default.DnsFacts) ?? new DnsFacts();

    /// <summary>
    /// Facts as JSON: declared order, absent members left out. "Last update of RDAP database" is left out too: it moves with every answer and is not judged.
    /// </summary>
    public static string? EncodeFacts(Observation observation) => observation switch
    {
        { Rdap: { } rdap } => JsonSerializer.Serialize(rdap with { DatabaseUpdatedAt = null }, FactsJson.Default.RdapFacts),
        { Research: { } research } => JsonSerializer.Serialize(research, FactsJson.Default.ResearchFacts),
        { Dns: { } dns } => JsonSerializer.Serialize(dns, FactsJson.Default.DnsFacts),
        _ => null,
    };

    /// <summary>SHA-256 of what is judged: source, outcome, failure, facts. 32 bytes.</summary>
    public static byte[] Hash(Observation observation, string? facts)
    {
        var text = $"{(int)observation.Source} {(int)observation.Outcome} {(int)observation.Failure} {observation.Host} {facts}";
        return SHA256.HashData(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Compresses a raw answer (Brotli); what lies beyond <see cref="MaxRawBytes"/> is cut.</summary>
    public static byte[] Compress(ReadOnlySpan<byte> raw)
    {
        var source = raw.Length > MaxRawBytes ? raw[..MaxRawBytes] : raw;
        var target = new byte[BrotliEncoder.GetMaxCompressedLength(source.Length)];
        return BrotliEncoder.TryCompress(source, target, out var written, quality: 3, window: 18)
            ? target[..written]
            : throw new InvalidOperationException("Brotli did not fit into its own upper bound.");
    }

    /// <summary>The raw answer of <see cref="StoredObservation.Raw"/>.</summary>
    /// <exception cref="InvalidDataException">The bytes are no Brotli stream.</exception>
    public static byte[] Decompress(byte[] compressed)
    {
        using var stream = new BrotliStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var raw = new MemoryStream();
        stream.CopyTo(raw);
        return raw.ToArray();
    }

    /// <summary>Reasons as the JSON that <see cref="Domain.Reasons"/> keeps; null for none. Cut to what fits 4,000 characters.</summary>
    public static string? EncodeReasons(IReadOnlyList<Reason> reasons)
    {
        for (var count = reasons.Count; count > 0; count--)
        {
            var json = JsonSerializer.Serialize(reasons.Take(count).ToArray(), FactsJson.Default.ReasonArray);
            if (json.Length <= 4000)
            {
                return json;
            }
        }

        return null;
    }

    /// <summary>Reads what <see cref="EncodeReasons"/> wrote.</summary>
    public static IReadOnlyList<Reason> DecodeReasons(string? json) =>
        json is null ? [] : JsonSerializer.Deserialize(json, FactsJson.Default.ReasonArray) ?? [];
}

/// <summary>Source-generated JSON of the facts.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RdapFacts))]
[JsonSerializable(typeof(ResearchFacts))]
[JsonSerializable(typeof(DnsFacts))]
[JsonSerializable(typeof(Reason[]))]
internal sealed partial class FactsJson : JsonSerializerContext;

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DomainGuard.Web.Features.Exports;

/// <summary>What lies beside the data of an export and says what it is: <c>manifest.json</c>, and signed in <c>manifest.jws</c> where there is a key.</summary>
/// <param name="Schema">Version of this form and of the columns: "domainguard-export/1".</param>
/// <param name="Kind">Audit, Cases, Decisions or Addresses.</param>
/// <param name="Format">JsonLines or Csv.</param>
/// <param name="MadeAt">When (UTC).</param>
/// <param name="MadeBy">Who, as the audit trail names him.</param>
/// <param name="Filter">Which rows; empty for all.</param>
/// <param name="IsWhole">Every entry between the first and the last is there.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="First">Number of the first entry; 0 unless it is an export of the audit trail.</param>
/// <param name="Last">Number of the last entry.</param>
/// <param name="LastHash">Hash of the last entry in lower-case hex.</param>
/// <param name="Unsealed">Matching entries that were not sealed yet and are not in it.</param>
/// <param name="Columns">Names of the columns, in their order.</param>
/// <param name="Data">The file.</param>
/// <param name="Checkpoints">Checkpoints of the chain up to the making of this export, as compact JWS; the last one was made for it.</param>
internal sealed record ExportManifest(
    string Schema, string Kind, string Format, DateTimeOffset MadeAt, string MadeBy, IReadOnlyDictionary<string, string> Filter, bool IsWhole, long Rows, long First, long Last, string? LastHash,
    long Unsealed, IReadOnlyList<string> Columns, ExportManifest.DataFile Data, IReadOnlyList<string> Checkpoints)
{
    internal const string FileName = "manifest.json";
    internal const string SignatureName = "manifest.jws";
    internal const string SignatureType = "domainguard-manifest+jws";
    internal const string SchemaVersion = "domainguard-export/1";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Its lines carry the proof of the chain.</summary>
    [JsonIgnore]
    public bool IsProvable => Kind == nameof(DomainGuard.Data.Exports.ExportKind.Audit) && Format == nameof(DomainGuard.Data.Exports.ExportFormat.JsonLines);

    /// <summary>The data file.</summary>
    /// <param name="File">Its name.</param>
    /// <param name="Bytes">Its length.</param>
    /// <param name="Sha256">SHA-256 in lower-case hex.</param>
    /// <param name="Encoding">How text is written.</param>
    internal sealed record DataFile(string File, long Bytes, string Sha256, string Encoding);

    /// <summary>As it is written.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Reads one; null when it is none.</summary>
    public static ExportManifest? Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<ExportManifest>(bytes, Json) is { Data.File: not null, Data.Sha256: not null, Checkpoints: not null, Filter: not null, Kind: not null, LastHash: null or { Length: 64 } } manifest ? manifest : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

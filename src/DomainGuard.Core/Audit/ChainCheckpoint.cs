using System.Globalization;
using System.Text;
using System.Text.Json;

namespace DomainGuard.Core.Audit;

/// <summary>What a checkpoint says of a chain (product section 9).</summary>
/// <param name="At">When it was made (UTC).</param>
/// <param name="Sequence">Number of the last sealed entry; 0 when there was none.</param>
/// <param name="Hash">Its hash. 32 bytes.</param>
/// <param name="Count">Sealed entries, counted.</param>
/// <param name="Unsealed">Entries that were not sealed yet.</param>
public sealed record ChainCheckpoint(DateTimeOffset At, long Sequence, byte[] Hash, long Count, long Unsealed)
{
    /// <summary>"typ" of a signed checkpoint.</summary>
    public const string Type = "domainguard-checkpoint+jws";

    /// <summary>Signs it; without a key it is unsecured.</summary>
    public string Sign(AuditKey? key)
    {
        var form = new CanonicalJsonWriter();
        form.Begin();
        form.Instant("at", At);
        form.Number("count", Count);
        form.Hex("hash", Hash);
        form.Number("sequence", Sequence);
        form.Number("unsealed", Unsealed);
        form.End();
        return SignedText.Make(form.Written, Type, key);
    }

    /// <summary>Reads a signed checkpoint.</summary>
    /// <returns>What it says, or null when it says nothing that can be read; with how well it is vouched for.</returns>
    public static ChainCheckpoint? Read(string token, IEnumerable<AuditKey> keys, out SignedText text)
    {
        text = SignedText.Read(token, Type, keys);
        try
        {
            using var json = JsonDocument.Parse(Encoding.UTF8.GetString(text.Payload));
            var root = json.RootElement;
            var hash = Convert.FromHexString(root.GetProperty("hash").GetString()!);
            return hash.Length != AuditChain.HashLength ? null : new ChainCheckpoint(
                DateTimeOffset.Parse(root.GetProperty("at").GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal),
                root.GetProperty("sequence").GetInt64(),
                hash,
                root.GetProperty("count").GetInt64(),
                root.GetProperty("unsealed").GetInt64());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentNullException)
        {
            return null;
        }
    }
}

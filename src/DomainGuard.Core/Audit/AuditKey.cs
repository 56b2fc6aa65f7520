using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DomainGuard.Core.Audit;

/// <summary>A key that signs checkpoints or checks their signature: ES256 (ECDSA on P-256 with SHA-256, RFC 7518 section 3.4).</summary>
public sealed class AuditKey : IDisposable
{
    private readonly ECDsa _key;

    private AuditKey(ECDsa key, bool isPrivate)
    {
        (_key, IsPrivate) = (key, isPrivate);
        var point = key.ExportParameters(false).Q;
        (X, Y) = (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
        // RFC 7638: the required members in lexicographic order, nothing else.
        Id = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{X}}","y":"{{Y}}"}""")));
    }

    /// <summary>Thumbprint of the public key (RFC 7638), base64url: the "kid" of what it signs.</summary>
    public string Id { get; }

    /// <summary>It can sign.</summary>
    public bool IsPrivate { get; }

    /// <summary>First coordinate of the public key, base64url.</summary>
    public string X { get; }

    /// <summary>Second coordinate, base64url.</summary>
    public string Y { get; }

    /// <summary>A new key.</summary>
    public static AuditKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256), true);

    /// <summary>Reads a key from PEM: "PRIVATE KEY" (PKCS #8), "EC PRIVATE KEY" or "PUBLIC KEY".</summary>
    /// <returns>The key, or null with what is wrong in words; never with the text itself, which may be a secret.</returns>
    public static AuditKey? ReadPem(string pem, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(pem);
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            var parameters = key.ExportParameters(false);
            if (parameters.Curve.Oid?.Value is not "1.2.840.10045.3.1.7" && parameters.Curve.Oid?.FriendlyName is not ("nistP256" or "ECDSA_P256"))
            {
                problem = "it is on another curve than P-256";
                key.Dispose();
                return null;
            }

            problem = null;
            return new AuditKey(key, pem.Contains("PRIVATE KEY", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            problem = pem.Contains("ENCRYPTED", StringComparison.Ordinal) ? "it is encrypted, and there is no place for its password" : "it is no EC key in PEM form";
            return null;
        }
    }

    /// <summary>Reads public keys from whatever they come in: PEM, one JWK (RFC 7517) or a set of them.</summary>
    /// <returns>The keys; empty with what is wrong in words.</returns>
    public static IReadOnlyList<AuditKey> ReadPublic(string text, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().TrimStart().StartsWith("{"))
        {
            return ReadPem(text, out problem) is { } key ? [key] : [];
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            var keys = json.RootElement.TryGetProperty("keys", out var set) ? set.EnumerateArray().ToList() : [json.RootElement];
            List<AuditKey> read = [];
            foreach (var key in keys.Where(k => k.GetProperty("kty").GetString() == "EC" && k.GetProperty("crv").GetString() == "P-256"))
            {
                var point = new ECPoint { X = Base64Url.DecodeFromChars(key.GetProperty("x").GetString()), Y = Base64Url.DecodeFromChars(key.GetProperty("y").GetString()) };
                read.Add(new AuditKey(ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = point }), false));
            }

            problem = read.Count == 0 ? "it holds no EC key on P-256" : null;
            return read;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or CryptographicException)
        {
            problem = "it is neither PEM nor a JSON Web Key or key set";
            return [];
        }
    }

    /// <summary>The private key as PKCS #8 in PEM.</summary>
    public string ToPem() => _key.ExportPkcs8PrivateKeyPem();

    /// <summary>The public key in PEM.</summary>
    public string ToPublicPem() => _key.ExportSubjectPublicKeyInfoPem();

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    internal byte[] Sign(ReadOnlySpan<byte> data) => _key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    internal bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        _key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
}

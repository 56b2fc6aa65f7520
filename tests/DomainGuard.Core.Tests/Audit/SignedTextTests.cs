using System.Buffers.Text;
using System.Text;
using DomainGuard.Core.Audit;

namespace DomainGuard.Core.Tests.Audit;

public sealed class SignedTextTests : IDisposable
{
    private static readonly ChainCheckpoint Said = new(new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero), 88_190, AuditChain.Hash(1, AuditChain.Genesis, AuditChain.Genesis), 88_190, 3);
    private readonly AuditKey _key = AuditKey.Create();

    public void Dispose() => _key.Dispose();

    [Fact]
    public void A_checkpoint_reads_back_and_its_signature_holds_with_the_public_key_in_any_form()
    {
        var token = Said.Sign(_key);
        foreach (var text in new[] { _key.ToPublicPem(), _key.ToPem(), Jwk(), $$"""{"keys":[{"kty":"RSA","crv":"P-256"},{{Jwk()}}]}""" })
        {
            var keys = AuditKey.ReadPublic(text, out var problem);
            Assert.Null(problem);
            Assert.Equal(_key.Id, keys.Single().Id);
            var read = ChainCheckpoint.Read(token, keys, out var signed)!;
            Assert.Equal((SignatureState.Good, _key.Id), (signed.State, signed.KeyId));
            Assert.Equal((Said.At, Said.Sequence, Said.Count, Said.Unsealed), (read.At, read.Sequence, read.Count, read.Unsealed));
            Assert.Equal(Said.Hash, read.Hash);
        }
    }

    [Fact]
    public void The_thumbprint_is_that_of_RFC_7638()
    {
        var form = Encoding.ASCII.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{_key.X}}","y":"{{_key.Y}}"}""");
        Assert.Equal(Base64Url.EncodeToString(System.Security.Cryptography.SHA256.HashData(form)), _key.Id);
    }

    [Fact]
    public void Without_a_key_it_says_so()
    {
        var read = ChainCheckpoint.Read(Said.Sign(null), [_key], out var signed)!;
        Assert.Equal((SignatureState.NotSigned, Said.Sequence), (signed.State, read.Sequence));
    }

    [Fact]
    public void Another_key_is_unknown_and_a_forged_kid_is_bad()
    {
        using var other = AuditKey.Create();
        Assert.Equal(SignatureState.UnknownKey, State(Said.Sign(other)));
        Assert.Equal(SignatureState.Bad, State(Swap(Said.Sign(other), 0, $$"""{"alg":"ES256","kid":"{{_key.Id}}","typ":"{{ChainCheckpoint.Type}}"}""")));
    }

    [Theory]
    [InlineData("""{"alg":"none","typ":"domainguard-checkpoint+jws"}""")]
    [InlineData("""{"alg":"HS256","typ":"domainguard-checkpoint+jws"}""")]
    [InlineData("""{"alg":"ES256","typ":"another+jws"}""")]
    [InlineData("[]")]
    [InlineData("no json")]
    public void The_header_cannot_talk_the_signature_away(string header) => Assert.Equal(SignatureState.Bad, State(Swap(Said.Sign(_key), 0, header)));

    [Fact]
    public void A_changed_payload_is_bad() =>
        Assert.Equal(SignatureState.Bad, State(Swap(Said.Sign(_key), 1, Encoding.ASCII.GetString(SignedText.Read(Said.Sign(_key), ChainCheckpoint.Type, [_key]).Payload).Replace("88190", "88189", StringComparison.Ordinal))));

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("%%%.%%%.%%%")]
    public void What_is_no_token_is_bad(string token)
    {
        Assert.Null(ChainCheckpoint.Read(token, [_key], out var signed));
        Assert.Equal(SignatureState.Bad, signed.State);
    }

    [Theory]
    [InlineData("", "it is no EC key in PEM form")]
    [InlineData("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----", "it is encrypted, and there is no place for its password")]
    [InlineData("{}", "it is neither PEM nor a JSON Web Key or key set")]
    [InlineData("""{"keys":[]}""", "it holds no EC key on P-256")]
    public void Says_what_is_wrong_with_a_key(string text, string expected)
    {
        Assert.Empty(AuditKey.ReadPublic(text, out var problem));
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void A_key_on_another_curve_is_refused()
    {
        using var wide = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        Assert.Null(AuditKey.ReadPem(wide.ExportPkcs8PrivateKeyPem(), out var problem));
        Assert.Equal("it is on another curve than P-256", problem);
    }

    private SignatureState State(string token) => SignedText.Read(token, ChainCheckpoint.Type, [_key]).State;

    private string Jwk() => $$"""{"kty":"EC","crv":"P-256","x":"{{_key.X}}","y":"{{_key.Y}}"}""";

    private static string Swap(string token, int part, string text)
    {
        var parts = token.Split('.');
        parts[part] = Base64Url.EncodeToString(Encoding.ASCII.GetBytes(text));
        return string.Join('.', parts);
    }
}

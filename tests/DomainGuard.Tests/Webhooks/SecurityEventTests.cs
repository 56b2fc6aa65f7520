using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Events;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Audit;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DomainGuard.Tests.Webhooks;

/// <summary>Security event tokens, read by a library that strangers read them with.</summary>
public sealed class SecurityEventTests : IDisposable
{
    private const string Issuer = "https://guard.example";
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly AuditKey _key = AuditKey.Create();

    public void Dispose() => _key.Dispose();

    /// <summary>Type, state, hands, confidence, and whether it is RISC's "recycled".</summary>
    public static TheoryData<string, string, string, string, bool> Table => new()
    {
        { "address.unverified", "Unverified", "Reregistered", "Corroborated", true },
        { "address.hands_changed", "Unverified", "Reregistered", "Corroborated", true },
        { "address.hands_changed", "Verified", "Reregistered", "Corroborated", false }, // a guard or a person keeps it: receivers must not act
        { "address.unverified", "Unverified", "Reregistered", "Single", false },
        { "address.unverified", "Unverified", "Suspected", "Corroborated", false },
        { "address.unverified", "Unverified", "None", "", false }, // merely lapsed: nobody else has it yet
        { "address.restored", "Verified", "Reregistered", "Corroborated", false },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task Only_a_change_of_hands_that_is_sure_and_acted_upon_is_told_as_recycled(string type, string state, string hands, string confidence, bool recycled)
    {
        var body = JsonSerializer.Serialize(new
        {
            type,
            timestamp = "2026-03-01T11:59:58Z",
            data = new { address = new { email = "ada@example.com", primary = true }, state, handChange = hands, handConfidence = confidence, domain = "example.com" },
        });
        var claims = await ReadAsync(SecurityEvent.Sign(Issuer, "https://receiver.example", "evt_1", Now, body, _key));
        var events = claims.GetPayloadValue<JsonElement>("events").EnumerateObject().Single();
        Assert.Equal(recycled ? SecurityEvent.IdentifierRecycled : $"{Issuer}/events/{type}", events.Name);
        Assert.Equal(recycled ? 0 : 5, events.Value.EnumerateObject().Count()); // identifier-recycled has no attributes
        var subject = claims.GetPayloadValue<JsonElement>("sub_id");
        Assert.Equal(("email", "ada@example.com"), (subject.GetProperty("format").GetString(), subject.GetProperty("email").GetString()));
        Assert.Equal((Issuer, "evt_1", Now.ToUnixTimeSeconds(), Now.ToUnixTimeSeconds() - 2), (claims.Issuer, claims.Id, claims.GetPayloadValue<long>("iat"), claims.GetPayloadValue<long>("toe")));
        Assert.False(claims.TryGetPayloadValue<string>("sub", out _)); // RFC 8417 section 2.2 and the profile: sub_id alone
        Assert.False(claims.TryGetPayloadValue<long>("exp", out _)); // section 2.2: history does not expire
    }

    [Theory]
    [InlineData("domain.expiring", "dns:example.com")]
    [InlineData("scan.ended", Issuer)]
    public async Task What_is_about_no_address_names_its_domain_or_the_installation(string type, string uri)
    {
        var body = JsonSerializer.Serialize(new { type, timestamp = "2026-03-01T12:00:00Z", data = new { domain = "example.com" } });
        var subject = (await ReadAsync(SecurityEvent.Sign(Issuer, "https://receiver.example", "evt_2", Now, body, _key))).GetPayloadValue<JsonElement>("sub_id");
        Assert.Equal(("uri", uri), (subject.GetProperty("format").GetString(), subject.GetProperty("uri").GetString()));
    }

    [Fact]
    public async Task A_token_does_not_pass_with_another_key_audience_or_kind()
    {
        var token = SecurityEvent.Sign(Issuer, "https://receiver.example", "evt_3", Now, """{"type":"scan.ended","timestamp":"2026-03-01T12:00:00Z","data":{}}""", _key);
        using var other = AuditKey.Create();
        Assert.False((await ValidateAsync(token, other, "https://receiver.example")).IsValid);
        Assert.False((await ValidateAsync(token, _key, "https://somebody.example")).IsValid);
        // What a checkpoint of the audit trail is signed with signs this too: its kind keeps one from passing for the other.
        Assert.Equal(SignatureState.Bad, SignedText.Read(token, "checkpoint", [_key]).State);
        Assert.Equal(SignatureState.Good, SignedText.Read(token, SecurityEvent.TokenType, [_key]).State);
    }

    [Fact]
    public async Task The_published_keys_verify_it()
    {
        await using var app = await RunningApp.StartAsync();
        using var client = app.Client();
        var keys = new JsonWebKeySet(await client.GetStringAsync(new Uri(AuditEndpoints.Jwks, UriKind.Relative), TestContext.Current.CancellationToken));
        var token = SecurityEvent.Sign(Issuer, "a", "evt_4", Now, """{"type":"scan.ended","timestamp":"2026-03-01T12:00:00Z","data":{}}""", app.Get<AuditKeys>().Signing!);
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = Issuer,
            ValidAudience = "a",
            IssuerSigningKeys = keys.GetSigningKeys(),
            ValidateLifetime = false,
            ValidTypes = [SecurityEvent.TokenType],
        });
        Assert.True(result.IsValid, result.Exception?.Message);
    }

    private async Task<JsonWebToken> ReadAsync(string token)
    {
        var result = await ValidateAsync(token, _key, "https://receiver.example");
        Assert.True(result.IsValid, result.Exception?.Message);
        var read = (JsonWebToken)result.SecurityToken;
        Assert.Equal(("ES256", "secevent+jwt", _key.Id), (read.Alg, read.Typ, read.Kid));
        return read;
    }

    private static Task<TokenValidationResult> ValidateAsync(string token, AuditKey key, string audience) => new JsonWebTokenHandler().ValidateTokenAsync(token, new TokenValidationParameters
    {
        ValidIssuer = Issuer,
        ValidAudience = audience,
        ValidTypes = ["secevent+jwt"],
        ValidAlgorithms = ["ES256"],
        ValidateLifetime = false,
        IssuerSigningKey = new JsonWebKey { Kty = "EC", Crv = "P-256", X = key.X, Y = key.Y, Kid = key.Id },
    });
}

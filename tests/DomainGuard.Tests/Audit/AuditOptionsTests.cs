using DomainGuard.Core.Audit;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Audit;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Audit;

public sealed class AuditOptionsTests
{
    [Fact]
    public void Says_everything_that_is_wrong_and_never_the_key()
    {
        using var key = AuditKey.Create();
        var options = new AuditOptions { SigningKey = key.ToPublicPem() };
        options.RetiredKeys.Add("/nowhere/key.pem");
        options.RetiredKeys.Add("-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----");
        var problems = new AuditOptionsValidator().Validate(null, options).Failures!.ToList();
        Assert.Equal(3, problems.Count);
        Assert.Contains("SigningKey: it is a public key", problems[0], StringComparison.Ordinal);
        Assert.Contains("/nowhere/key.pem", problems[1], StringComparison.Ordinal);
        Assert.DoesNotContain("nonsense", problems[2], StringComparison.Ordinal);

        Assert.True(new AuditOptionsValidator().Validate(null, new AuditOptions { SigningKey = "secret text" }).Failed);
        Assert.DoesNotContain("secret text", string.Concat(new AuditOptionsValidator().Validate(null, new AuditOptions { SigningKey = "secret text" }).Failures!), StringComparison.Ordinal);
        Assert.True(new AuditOptionsValidator().Validate(null, new AuditOptions { SigningKey = key.ToPem(), SigningKeyFile = "x" }).Failed);
        Assert.True(new AuditOptionsValidator().Validate(null, new AuditOptions { SigningKeyFile = "/nowhere/key.pem" }).Failed);
        Assert.True(new AuditOptionsValidator().Validate(null, new AuditOptions { SigningKey = key.ToPem() }).Succeeded);
        Assert.True(new AuditOptionsValidator().Validate(null, new AuditOptions()).Succeeded);
    }

    [Fact]
    public async Task Publishes_its_public_keys_to_everybody_and_never_the_private_one()
    {
        await using var app = await RunningApp.StartAsync();
        using var client = app.Client();
        using var answer = await client.GetAsync(new Uri(AuditEndpoints.Jwks, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("application/jwk-set+json", answer.Content.Headers.ContentType!.MediaType);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var keys = AuditKey.ReadPublic(text, out _);
        Assert.Equal(app.App.Services.GetRequiredService<AuditKeys>().Signing!.Id, keys.Single().Id);
        Assert.DoesNotContain("\"d\"", text, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(app.Folder, "audit-signing-key.pem")));
        }
    }
}

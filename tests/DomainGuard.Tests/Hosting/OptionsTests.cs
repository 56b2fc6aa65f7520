using DomainGuard.Web;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace DomainGuard.Tests.Hosting;

public sealed class OptionsTests
{
    [Fact]
    public void Everything_that_is_wrong_is_said_at_once_and_says_how_to_mend_it()
    {
        var problems = Problems(
            "Production",
            ("DomainGuard:World", "Simulated"),
            ("DomainGuard:Clock:Simulated", "true"),
            ("DomainGuard:Database:Provider", "PostgreSql"));
        Assert.Contains(problems, p => p.Contains("DomainGuard:World", StringComparison.Ordinal) && p.Contains("Production", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("DomainGuard:Clock:Simulated", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("DomainGuard:Database:ConnectionString", StringComparison.Ordinal));
    }

    [Fact]
    public void Sources_without_keys_and_urls_that_are_none_are_refused_together()
    {
        var problems = Problems(
            "Staging",
            ("DomainGuard:World", "Live"),
            ("DomainGuard:Lookups:Fastly:Enabled", "true"),
            ("DomainGuard:Lookups:Domainr:Enabled", "true"),
            ("DomainGuard:Lookups:Domainr:BaseUrl", "not a url"),
            ("DomainGuard:Lookups:Rdap:BootstrapUrl", "http://192.0.2.1/dns.json"),
            ("DomainGuard:Lookups:Dns:Servers:0", "resolver.example"),
            ("DomainGuard:Lookups:AllowedPrivateHosts:0", "no-port"),
            ("DomainGuard:Lookups:Lanes:Default:PerSecond", "0"));
        Assert.Contains(problems, p => p.Contains("Fastly:ApiKey", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("Domainr:ClientId", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("Domainr:BaseUrl", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("plain http", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("Dns:Servers", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("AllowedPrivateHosts", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("PerSecond", StringComparison.Ordinal));
    }

    [Fact]
    public void Single_sign_on_that_would_let_nobody_in_is_refused()
    {
        var problems = Problems(
            "Production",
            ("DomainGuard:SignIn:Oidc:Authority", "http://login.example"),
            ("DomainGuard:SignIn:Oidc:RoleClaim", " "),
            ("DomainGuard:SignIn:Oidc:Roles:Boss:0", "bosses"),
            ("DomainGuard:SignIn:PostsPerMinute", "0"));
        Assert.Contains(problems, p => p.Contains("Oidc:Authority", StringComparison.Ordinal) && p.Contains("https", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("Oidc:ClientId", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("Oidc:ClientSecret", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("Oidc:RoleClaim", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("Oidc:Roles:Boss", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("PostsPerMinute", StringComparison.Ordinal));
        Assert.Contains(Problems("Production", ("DomainGuard:SignIn:AllowPasswords", "false")), p => p.Contains("AllowPasswords", StringComparison.Ordinal));
        Assert.Contains(Problems("Production", ("DomainGuard:SignIn:Oidc:ClientId", "x")), p => p.Contains("Oidc:Authority is missing", StringComparison.Ordinal));
    }

    [Fact]
    public void Mail_that_could_not_be_sent_or_would_go_in_the_clear_is_refused()
    {
        var problems = Problems(
            "Production",
            ("DomainGuard:Mail:Host", "mail.example.org"),
            ("DomainGuard:Mail:Port", "0"),
            ("DomainGuard:Mail:Security", "None"),
            ("DomainGuard:Mail:UserName", "guard"),
            ("DomainGuard:Mail:From", "DomainGuard <guard@example.org>"),
            ("DomainGuard:Mail:FromName", "Guard\r\nBcc: x@example.org"));
        foreach (var setting in new[] { "Mail:Port", "Mail:Security is None", "Mail:Password is missing", "Mail:From is no address", "Mail:FromName", "PublicUrl is missing" })
        {
            Assert.Contains(problems, p => p.Contains(setting, StringComparison.Ordinal));
        }

        Assert.Contains(Problems("Production", ("DomainGuard:Mail:From", "guard@example.org")), p => p.Contains("Mail:Host is missing", StringComparison.Ordinal));
        Assert.Contains(Problems("Production", ("DomainGuard:Mail:Host", "https://mail.example.org")), p => p.Contains("Mail:Host is no name", StringComparison.Ordinal));
    }

    private static List<string> Problems(string environment, params (string Key, string Value)[] settings)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"dg-options-{Guid.CreateVersion7():N}");
        using var app = (IDisposable)DomainGuardApp.Build([$"--environment={environment}"], builder =>
            builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)).Append(new("DomainGuard:DataDirectory", folder))));
        var problem = Assert.ThrowsAny<Exception>(() => DomainGuardApp.Validate((Microsoft.AspNetCore.Builder.WebApplication)app));
        return problem switch
        {
            OptionsValidationException one => [.. one.Failures],
            AggregateException several => [.. several.InnerExceptions.OfType<OptionsValidationException>().SelectMany(e => e.Failures)],
            _ => throw problem,
        };
    }
}

using System.Globalization;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Lookups;
using DomainGuard.Web.Features.Notifications;
using DomainGuard.Web.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Policy;

/// <summary>The switches of the installation.</summary>
/// <param name="ObserveOnly">Findings are shown, not carried out.</param>
/// <param name="RequireSecondPerson">Policy changes and batches need a second person.</param>
internal sealed record Switches(bool ObserveOnly, bool RequireSecondPerson);

/// <summary>A line of the configuration as it may be shown.</summary>
/// <param name="Group">What it belongs to.</param>
/// <param name="Name">Its key below <c>DomainGuard</c>.</param>
/// <param name="Value">Its value; for a secret "set" or "missing".</param>
/// <param name="IsMissing">A secret that is needed is missing.</param>
internal sealed record ConfigurationLine(string Group, string Name, string Value, bool IsMissing = false);

/// <summary>Reads the switches, and what of the configuration may be seen: never a secret.</summary>
internal sealed class SettingQueries(
    IDbContextFactory<GuardDb> dbs, IOptions<DomainGuardOptions> options, IOptions<LookupOptions> lookups, IOptions<MailOptions> mail, IHostEnvironment environment, TimeProvider time)
{
    private static readonly TimeSpan HoldsFor = TimeSpan.FromSeconds(5);

    private (Switches Switches, long At)? _known;

    /// <summary>The switches as they are.</summary>
    public async Task<Switches> SwitchesAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var switches = new Switches(
            await InstallationSettings.IsOnAsync(db, InstallationSettings.ObserveOnly, otherwise: true, cancel),
            await InstallationSettings.IsOnAsync(db, InstallationSettings.RequireSecondPerson, otherwise: false, cancel));
        _known = (switches, time.GetTimestamp());
        return switches;
    }

    /// <summary>The switches as they were at most five seconds ago, for what every circuit shows.</summary>
    public async ValueTask<Switches> RecentAsync(CancellationToken cancel) =>
        _known is { } known && time.GetElapsedTime(known.At) < HoldsFor ? known.Switches : await SwitchesAsync(cancel);

    /// <summary>The configuration, group by group.</summary>
    public IReadOnlyList<ConfigurationLine> Configuration()
    {
        var (o, l, m) = (options.Value, lookups.Value, mail.Value);
        var hosts = l.Lanes.Hosts.Select(h => new ConfigurationLine("Lane limits", $"Lookups:Lanes:Hosts {h.Host}", Limit(h)));
        return
        [
            new("Installation", "Environment", environment.EnvironmentName),
            new("Installation", "World", o.World == WorldKind.Simulated ? "Simulated: a pretend world" : "Live"),
            new("Installation", "DataDirectory", o.DataDirectory),
            new("Installation", "PublicUrl", o.PublicUrl.Length > 0 ? o.PublicUrl : "missing, not needed"),
            new("Installation", "Clock", o.HasMovableClock ? "can be moved forward" : "of the machine"),
            new("Database", "Database:Provider", o.Database.Provider.ToString()),
            Secret("Database", "Database:ConnectionString", o.Database.ConnectionString, o.Database.Provider != DatabaseProvider.Sqlite),
            new("Mail", "Mail:Host", m.IsOn ? string.Create(CultureInfo.InvariantCulture, $"{m.Host}, port {m.Port}") : "missing: staff are not mailed"),
            new("Mail", "Mail:Security", m.Security switch { MailSecurity.Tls => "TLS", MailSecurity.StartTls => "STARTTLS", _ => "none, on this machine" }),
            new("Mail", "Mail:From", m.From.Length > 0 ? "set" : m.IsOn ? "missing" : "missing, not needed"),
            Secret("Mail", "Mail:UserName", m.UserName, isNeeded: false),
            Secret("Mail", "Mail:Password", m.Password, isNeeded: false),
            new("Sources", "Lookups:Rdap", l.Rdap.Enabled ? $"on, servers from {l.Rdap.BootstrapUrl}" : "off"),
            new("Sources", "Lookups:Rdap:Overrides", l.Rdap.Overrides.Count == 0 ? "the shipped table" : string.Create(CultureInfo.InvariantCulture, $"{l.Rdap.Overrides.Count} of its own")),
            new("Sources", "Lookups:Fastly", l.Fastly.Enabled ? $"on, {l.Fastly.BaseUrl}" : "off"),
            Secret("Sources", "Lookups:Fastly:ApiKey", l.Fastly.ApiKey, l.Fastly.Enabled),
            new("Sources", "Lookups:Domainr", l.Domainr.Enabled ? $"on, {l.Domainr.BaseUrl}" : "off"),
            Secret("Sources", "Lookups:Domainr:ClientId", l.Domainr.ClientId, l.Domainr.Enabled),
            new("Sources", "Lookups:Dns", l.Dns.Enabled ? "on" : "off"),
            new("Sources", "Lookups:Dns:Servers", l.Dns.Servers.Count == 0 ? "those of the operating system" : string.Join(", ", l.Dns.Servers)),
            new("Sources", "Lookups:AllowedPrivateHosts", l.AllowedPrivateHosts.Count == 0 ? "none" : string.Join(", ", l.AllowedPrivateHosts)),
            new("Lane limits", "Lookups:Lanes:Default", Limit(l.Lanes.Default)),
            .. hosts,
        ];
    }

    private static ConfigurationLine Secret(string group, string name, string? value, bool isNeeded) =>
        string.IsNullOrWhiteSpace(value) ? new(group, name, isNeeded ? "missing" : "missing, not needed", isNeeded) : new(group, name, "set");

    private static string Limit(LaneLimit limit) => string.Create(CultureInfo.InvariantCulture, $"{limit.PerSecond:0.##} a second, {limit.InFlight} in flight");
}

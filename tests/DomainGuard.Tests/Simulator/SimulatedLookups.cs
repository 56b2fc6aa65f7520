using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Lookups;
using DomainGuard.Lookups.Http;
using DomainGuard.Simulator;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DomainGuard.Tests.Simulator;

/// <summary>The real clients over a pretend world, wired as the product wires them, without waiting: no latency, lanes wide open.</summary>
internal sealed class SimulatedLookups : IAsyncDisposable
{
    internal static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private readonly ServiceProvider _services;
    private readonly HandClock _clock = new(Start);

    internal SimulatedLookups()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<GuardClock>(_clock);
        services.AddSimulatedWorld(_ => Start);
        services.AddSingleton<LookupTransport>(p => new SimulatedTransport(p.GetRequiredService<IOptions<LookupOptions>>(), p.GetRequiredService<World>(), _clock) { Latency = TimeSpan.Zero });
        services.AddDomainLookups(new ConfigurationBuilder().Build());
        services.PostConfigure<LookupOptions>(o =>
        {
            o.Lanes.Hosts.Clear();
            (o.Lanes.Default.PerSecond, o.Lanes.Default.InFlight) = (1_000_000, 100);
            o.Lanes.Hosts.Add(new HostLaneLimit { Host = Lanes.DnsHost, PerSecond = 1_000_000, InFlight = 100 });
        });
        _services = services.BuildServiceProvider();
        World = _services.GetRequiredService<World>();
    }

    internal World World { get; }

    internal T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Moves the clock of the world.</summary>
    internal DateTimeOffset Now
    {
        get => _clock.Now;
        set => _clock.Set(value);
    }

    internal async Task<IReadOnlyList<Observation>> LookUpAsync(string domain, params IReadOnlyList<string> mailHosts) =>
        await Get<DomainLookup>().LookUpAsync(new LookupQuestion(domain, mailHosts, _clock.Now), LaneUse.Scan, null, TestContext.Current.CancellationToken);

    internal async Task<Verdict> JudgeAsync(string domain) => Judge(domain, await LookUpAsync(domain), _clock.Now);

    internal static Verdict Judge(string domain, IReadOnlyList<Observation> observations, DateTimeOffset now) => DomainJudge.Judge(new JudgeInput
    {
        Domain = domain,
        Observations = observations,
        Now = now,
        KnownFlags = NotableDomains.IsNotable(domain) ? DomainFlags.Notable : DomainFlags.None,
    });

    public async ValueTask DisposeAsync() => await _services.DisposeAsync();

    private sealed class HandClock(DateTimeOffset now) : GuardClock
    {
        private DateTimeOffset _now = now;

        public override DateTimeOffset Now => _now;

        internal void Set(DateTimeOffset value) => _now = value;
    }
}

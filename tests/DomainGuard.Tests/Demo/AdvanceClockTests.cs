using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Tests.Audit;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Demo;
using DomainGuard.Web.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Demo;

public sealed class AdvanceClockTests
{
    [Fact]
    public async Task Runs_what_falls_due_on_the_way_and_stands_where_it_was_told_to()
    {
        await using var file = await ScanWorld.CreateAsync();
        await using var world = file.Join(more: Movable);
        var clock = world.Get<MovableGuardClock>();
        file.Clock.Time = clock.Now;
        await file.AddAsync(Enumerable.Range(0, 20).Select(i => $"d{i}.com"));
        var registered = clock.Now.AddYears(-3);
        var expires = clock.Now.AddDays(50);
        file.Rdap.Answer = (q, host) => ScriptedSource.Record(q, host, registered, expires);
        var start = clock.Now;

        var advanced = Assert.IsType<AdvanceOutcome.Advanced>(await world.Get<AdvanceClock>().ExecuteAsync(Requester.CommandLine, TimeSpan.FromDays(52), null, CancellationToken.None));

        Assert.InRange(advanced.Now - start, TimeSpan.FromDays(52), TimeSpan.FromDays(52) + TimeSpan.FromMinutes(30));
        await using var db = await world.OpenAsync();
        var spans = await db.PhaseSpans.Where(s => s.DomainId == 1).OrderBy(s => s.From).ToListAsync();
        Assert.Equal([Phase.Active, Phase.ExpiringSoon, Phase.Expired], spans.Select(s => s.Phase)); // each seen in its time, not at the end
        Assert.InRange(spans[1].From - start, TimeSpan.FromDays(19), TimeSpan.FromDays(24));
        Assert.InRange(spans[2].From - start, TimeSpan.FromDays(49), TimeSpan.FromDays(52));
        Assert.Equal(0, await db.Domains.CountAsync(d => d.NextCheckAt <= start.AddDays(52)));
        Assert.True(advanced.Scans > 3);
        Assert.True(advanced.Domains >= file.Rdap.Asked.Values.Sum() - 60);
    }

    [Fact]
    public async Task Refuses_to_go_back_too_far_or_twice_at_once()
    {
        await using var file = await ScanWorld.CreateAsync();
        await using var world = file.Join(more: Movable);
        var advance = world.Get<AdvanceClock>();

        Assert.IsType<AdvanceOutcome.Refused>(await advance.ExecuteAsync(Requester.CommandLine, TimeSpan.FromSeconds(-1), null, CancellationToken.None));
        Assert.IsType<AdvanceOutcome.Refused>(await advance.ExecuteAsync(Requester.CommandLine, TimeSpan.FromDays(401), null, CancellationToken.None));

        file.Clock.Time = world.Get<MovableGuardClock>().Now;
        await file.AddAsync("a.com");
        var release = new TaskCompletionSource();
        file.Rdap.Delay = () => release.Task;
        var first = advance.ExecuteAsync(Requester.CommandLine, TimeSpan.FromHours(2), null, CancellationToken.None);
        while (file.Rdap.Asked.IsEmpty)
        {
            await Task.Delay(10);
        }

        Assert.IsType<AdvanceOutcome.Busy>(await advance.ExecuteAsync(Requester.CommandLine, TimeSpan.FromHours(1), null, CancellationToken.None));
        release.SetResult();
        Assert.IsType<AdvanceOutcome.Advanced>(await first);
    }

    private static void Movable(IServiceCollection services)
    {
        services.AddSingleton<MovableGuardClock>();
        services.AddSingleton<GuardClock>(p => p.GetRequiredService<MovableGuardClock>());
        services.AddSingleton<AdvanceClock>();
        services.AddTrail();
    }
}

using DomainGuard.Web;
using DomainGuard.Web.Features.Scans;
using Hangfire;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Hosting;

/// <summary>Hangfire keeps its defaults in statics, which the application that was built last sets for all of a process.</summary>
public sealed class JobsTests
{
    [Fact]
    public async Task Jobs_are_kept_and_worked_by_the_application_that_was_given_them_whichever_was_built_last()
    {
        await using var first = Build();
        await using var second = Build();
        Assert.NotSame(first.Services.GetRequiredService<JobStorage>(), second.Services.GetRequiredService<JobStorage>());
        foreach (var app in (WebApplication[])[first, second])
        {
            using var scope = app.Services.GetRequiredService<JobActivator>().BeginScope((JobActivatorContext?)null);
            Assert.Same(app.Services.GetRequiredService<ScanNode>(), scope.Resolve(typeof(ScanNode)));
        }
    }

    [Fact]
    public async Task Jobs_are_still_taken_when_the_application_that_was_built_last_has_ended()
    {
        await using var first = Build();
        await using (Build())
        {
        }

        Assert.NotNull(first.Services.GetRequiredService<IBackgroundJobClient>().Enqueue<ScanJobs>(j => j.TakeUpAsync(CancellationToken.None)));
    }

    private static WebApplication Build() => DomainGuardApp.Build(["--environment=Development"], builder =>
    {
        builder.Configuration.AddInMemoryCollection([new("DomainGuard:DataDirectory", Path.Combine(Path.GetTempPath(), $"dg-jobs-{Guid.CreateVersion7():N}"))]);
        builder.Logging.ClearProviders();
    });
}

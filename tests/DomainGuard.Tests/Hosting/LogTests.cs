using System.Text;
using DomainGuard.Data.Scans;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Scans;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Hosting;

public sealed class LogTests
{
    [Fact]
    public async Task No_address_is_ever_in_a_log()
    {
        await using var app = await RunningApp.StartAsync();
        using var log = new KeptLog();
        var services = app.App.Services;
        services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        var cancel = TestContext.Current.CancellationToken;

        using (var client = app.Client())
        {
            await RunningApp.PostFormAsync(client, "/signin", "signin", ("Input.UserName", "someone@quietforge.io"), ("Input.Password", "not the password"));
            await client.GetAsync(new Uri("/search?q=someone@quietforge.io", UriKind.Relative), cancel);
        }

        var csv = "account_id,user_name,email\nlog-1,one,someone@quietforge.io\nlog-2,two,broken @quietforge.io\nlog-3,three,someone@quietforge.io\n";
        var import = await services.GetRequiredService<StageImport>().ExecuteAsync(
            new MemoryStream(Encoding.UTF8.GetBytes(csv)), new ImportRequest("log.csv", ImportFormat.Csv, Requester.CommandLine) { IsPartial = true, KeepGood = true }, null, null, cancel);
        Assert.True(await services.GetRequiredService<MergeImport>().ExecuteAsync(import.Id, null, cancel));
        var scan = Assert.IsType<StartOutcome.Started>(await services.GetRequiredService<StartScan>().ExecuteAsync(ScanScope.Domain, "quietforge.io", Requester.CommandLine, cancel));
        await services.GetRequiredService<RunScan>().ExecuteAsync(scan.ScanId, cancel);

        Assert.Contains(log.Lines, l => l.Contains("sign-in was refused", StringComparison.Ordinal)); // it does listen
        Assert.DoesNotContain(log.Lines, l => l.Contains("@quietforge", StringComparison.OrdinalIgnoreCase) || l.Contains("%40quietforge", StringComparison.OrdinalIgnoreCase));
    }
}

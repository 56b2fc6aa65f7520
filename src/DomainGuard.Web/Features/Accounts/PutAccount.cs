using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DomainGuard.Data.Imports;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Sync;

namespace DomainGuard.Web.Features.Accounts;

/// <summary>What became of an account that was told alone.</summary>
internal abstract record PutOutcome
{
    /// <summary>It is as it was told.</summary>
    /// <param name="IsNew">It was not known before.</param>
    internal sealed record Done(bool IsNew) : PutOutcome;

    /// <summary>Nothing was written: fields are wrong.</summary>
    /// <param name="Fields">Which, and what is wrong with each.</param>
    internal sealed record Rejected(IReadOnlyList<(string Field, string Reason)> Fields) : PutOutcome;

    /// <summary>Nothing was written.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : PutOutcome;

    /// <summary>Nothing was written: lists that were there first are being taken in.</summary>
    internal sealed record ImportRunning : PutOutcome;
}

/// <summary>Waits for imports, but not for long: one account is told by a program that waits for its answer.</summary>
internal sealed class ImportsAhead(ImportTurn turn, TimeProvider time)
{
    /// <summary>When it is worth asking again.</summary>
    internal static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits up to five seconds until none is under way; false when one still is.</summary>
    public async Task<bool> PassAsync(CancellationToken cancel)
    {
        for (var began = time.GetTimestamp(); await turn.IsTakenAsync(cancel); await Task.Delay(LookAgain, time, cancel))
        {
            if (time.GetElapsedTime(began) > Patience)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Takes one account as a partial list of one line: staged, compared and merged by the importer, so that its rules hold here too. What is not said stays as it is.</summary>
internal sealed class PutAccount(SyncAccounts sync, ImportQueries imports, ImportsAhead ahead)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Takes it.</summary>
    /// <param name="accountId">The platform's id.</param>
    /// <param name="account">What it says.</param>
    /// <param name="by">Who tells.</param>
    /// <param name="cancel">Cancels while it is read; what is compared is merged to its end.</param>
    public async Task<PutOutcome> ExecuteAsync(string accountId, AccountRequest account, Requester by, CancellationToken cancel)
    {
        if (!await ahead.PassAsync(cancel))
        {
            return new PutOutcome.ImportRunning();
        }

        var line = (JsonObject)JsonSerializer.SerializeToNode(account, Json)!;
        line["accountId"] = accountId;
        using var lines = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(line, Json));
        var import = await sync.ExecuteAsync(lines, new ImportRequest("API, one account", ImportFormat.Ndjson, by) { IsPartial = true }, cancel);
        return import switch
        {
            { Status: ImportStatus.Completed } => new PutOutcome.Done(import.NewAccounts > 0),
            { Rejected: > 0 } => new PutOutcome.Rejected([.. (await imports.RejectionsAsync(import.Id, StageImport.MaxKeptRejections, cancel)).Select(r => (r.Field, r.Reason)).Distinct()]),
            _ => new PutOutcome.Refused(import.Problem ?? "The account is still being taken in. Read it in a moment."),
        };
    }
}

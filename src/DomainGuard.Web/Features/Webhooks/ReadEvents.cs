using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Events;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Webhooks;
using DomainGuard.Web.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>An event that is about to be written.</summary>
/// <param name="Type">What it is.</param>
/// <param name="At">When it happened.</param>
/// <param name="DomainName">The domain, for the screen.</param>
/// <param name="AccountId">The account, for the screen.</param>
/// <param name="Data">What is told of it.</param>
internal sealed record ToldEvent(EventType Type, DateTimeOffset At, string? DomainName, long? AccountId, JsonObject Data);

/// <summary>
/// Makes events of what happened. Most of it is in the audit trail, whose entries are written with the change and numbered without gaps: the trail is the outbox. What it does not carry
/// (phases, warnings, hands, checkpoints) are <see cref="Notice"/>s. Names and addresses are joined here, for neither holds them.
/// </summary>
internal sealed class ReadEvents(IOptions<DomainGuardOptions> options)
{
    /// <summary>Accounts that a warning names; the platform reads the others by their domain.</summary>
    private const int MostNamed = 20;

    // Text as it is, or twenty addresses in another script would be six times as long.
    private static readonly JsonSerializerOptions AsText = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly HashSet<AuditAction> Decided =
    [
        AuditAction.CaseUnverified, AuditAction.CaseConfirmed, AuditAction.CaseOverridden, AuditAction.OverrideEnded, AuditAction.CaseDismissed, AuditAction.CaseSnoozed, AuditAction.CaseWoken,
        AuditAction.CaseRestored, AuditAction.DecisionUndone, AuditAction.CaseReopenedByPerson,
    ];

    private static readonly HashSet<AuditAction> Told =
    [
        .. Decided, AuditAction.AddressUnverified, AuditAction.AddressRestored, AuditAction.CaseOpened, AuditAction.CaseReopened, AuditAction.VerificationContested, AuditAction.ScanEnded, AuditAction.BatchBraked,
    ];

    /// <summary>Events of the trail's entries after one number and up to another, in their order.</summary>
    public async Task<IReadOnlyList<ToldEvent>> OfTrailAsync(GuardDb db, long after, long upTo, CancellationToken cancel)
    {
        var entries = await db.AuditEntries.AsNoTracking().Where(e => e.Sequence > after && e.Sequence <= upTo).OrderBy(e => e.Sequence).ToListAsync(cancel);
        entries.RemoveAll(e => !Told.Contains(e.Action));
        var caseIds = entries.Select(e => e.CaseId).OfType<long>().Distinct().ToList();
        var cases = await db.Cases.AsNoTracking().Where(c => caseIds.Contains(c.Id)).ToDictionaryAsync(c => c.Id, cancel);
        var people = await PeopleAsync(db, [.. entries.Select(e => e.AddressId).OfType<long>().Distinct()], cancel);
        List<ToldEvent> told = [];
        foreach (var entry in entries)
        {
            told.AddRange(Of(entry, entry.CaseId is { } id ? cases.GetValueOrDefault(id) : null, entry.AddressId is { } address ? people.GetValueOrDefault(address) : null));
        }

        return told;
    }

    /// <summary>Events of notices, in their order.</summary>
    public static async Task<IReadOnlyList<ToldEvent>> OfNoticesAsync(GuardDb db, IReadOnlyList<Notice> notices, CancellationToken cancel)
    {
        var domainIds = notices.Select(n => n.DomainId).OfType<long>().Distinct().ToList();
        var domains = await db.Domains.AsNoTracking().Where(d => domainIds.Contains(d.Id)).ToDictionaryAsync(d => d.Id, cancel);
        var people = await PeopleAsync(db, [.. notices.Select(n => n.AddressId).OfType<long>().Distinct()], cancel);
        List<ToldEvent> told = [];
        foreach (var notice in notices)
        {
            var domain = notice.DomainId is { } id ? domains.GetValueOrDefault(id) : null;
            var person = notice.AddressId is { } address ? people.GetValueOrDefault(address) : null;
            if ((notice.DomainId is not null && domain is null) || (notice.AddressId is not null && person is null))
            {
                continue; // gone meanwhile: there is nobody to tell it of
            }

            var data = new JsonObject();
            AddPerson(data, person);
            if (domain is not null)
            {
                data["domain"] = domain.Name;
            }

            foreach (var (name, value) in (JsonObject)JsonNode.Parse(notice.Facts)!)
            {
                data[name] = value?.DeepClone();
            }

            if (person is not null)
            {
                data["phase"] = domain!.Phase.ToString();
                data["reasons"] = new JsonArray([.. ObservationCodec.DecodeReasons(person.HandReasons).Select(r => JsonValue.Create(r.Text))]);
            }
            else if (domain is not null)
            {
                data["addressCount"] = domain.AddressCount;
                Add(data, "dropFrom", Instant(domain.DropFrom));
                Add(data, "dropTo", Instant(domain.DropTo));
                if (notice.Type == EventType.DomainExpiring)
                {
                    await AddHoldersAsync(db, data, domain.Id, cancel);
                }
            }

            told.Add(new ToldEvent(notice.Type, notice.At, domain?.Name, person?.AccountId, data));
        }

        return told;
    }

    /// <summary>The body as it is sent, and signed: type, timestamp, data.</summary>
    internal static string Body(EventType type, DateTimeOffset at, JsonObject data) => new JsonObject
    {
        ["type"] = EventTypes.Name(type),
        ["timestamp"] = Instant(at),
        ["data"] = data,
    }.ToJsonString(AsText);

    private IEnumerable<ToldEvent> Of(AuditEntry entry, Case? @case, Person? person)
    {
        var (before, after) = (Read(entry.Before), Read(entry.After));
        // Whatever the step was called: what matters to the platform is that the address is another than before.
        if (person is not null && Text(after, "address") is { } state && Text(before, "address") is { } was && was != state)
        {
            var data = new JsonObject();
            AddPerson(data, person);
            data["state"] = state;
            AddCase(data, entry, @case, after);
            Add(data, "handConfidence", person.HandChange == HandChange.None ? null : person.HandConfidence.ToString());
            yield return new ToldEvent(state == nameof(AddressState.Unverified) ? EventType.AddressUnverified : EventType.AddressRestored, entry.At, entry.DomainName, entry.AccountId, data);
        }

        EventType? type = entry.Action switch
        {
            AuditAction.CaseOpened => EventType.CaseOpened,
            // Opened and un-verified in one step: the case is new all the same.
            AuditAction.AddressUnverified when entry.CaseId is not null && Text(after, "state") is not null => Text(before, "state") is null ? EventType.CaseOpened : EventType.CaseReopened,
            AuditAction.CaseReopened or AuditAction.VerificationContested => EventType.CaseReopened,
            AuditAction.ScanEnded => EventType.ScanEnded,
            AuditAction.BatchBraked => EventType.BatchBraked,
            var action when Decided.Contains(action) && entry.CaseId is not null => EventType.CaseDecided,
            _ => null,
        };
        if (type is null)
        {
            yield break;
        }

        var told = new JsonObject();
        if (type is EventType.ScanEnded or EventType.BatchBraked)
        {
            Add(told, "scanId", entry.ScanId);
            if (type == EventType.BatchBraked)
            {
                Add(told, "batchId", Number(entry.Subject));
                Add(told, "policyVersion", entry.PolicyVersion);
                Add(told, "link", Link($"/batches/{Number(entry.Subject)}"));
            }

            foreach (var (name, value) in after)
            {
                // "before" is what the brake had counted when it fell.
                told[name == "before" ? "unverifiedBefore" : name] = value?.DeepClone();
            }
        }
        else
        {
            AddPerson(told, person);
            AddCase(told, entry, @case, after);
            told["action"] = entry.Action.ToString();
            Add(told, "state", @case?.State.ToString());
            Add(told, "severity", @case?.Severity.ToString());
            Add(told, "dropFrom", Instant(@case?.DropFrom));
            Add(told, "until", Instant(@case?.Until));
            Add(told, "reopenReason", @case?.ReopenReason);
            told["contested"] = @case?.IsContested ?? entry.Action == AuditAction.VerificationContested;
            Add(told, "link", Link($"/triage?case={entry.CaseId}"));
        }

        yield return new ToldEvent(type.Value, entry.At, entry.DomainName, entry.AccountId, told);
    }

    // What the entry says goes before what the case says now: it may have moved on since.
    private static void AddCase(JsonObject data, AuditEntry entry, Case? @case, JsonObject after)
    {
        Add(data, "domain", entry.DomainName);
        Add(data, "phase", Text(after, "phase") ?? @case?.Phase.ToString());
        Add(data, "handChange", Text(after, "handChange") ?? @case?.HandChange.ToString());
        Add(data, "situation", Text(after, "situation") ?? @case?.Situation.ToString());
        Add(data, "caseId", entry.CaseId);
        Add(data, "scanId", entry.ScanId);
        Add(data, "policyVersion", entry.PolicyVersion);
        Add(data, "reason", entry.Reason);
        // A machine is named, a person is not: who he is stays in the trail.
        data["actor"] = entry.ActorKind == AuditActorKind.Staff ? new JsonObject { ["kind"] = "Staff" } : new JsonObject { ["kind"] = entry.ActorKind.ToString(), ["id"] = entry.ActorId };
    }

    private static void AddPerson(JsonObject data, Person? person)
    {
        if (person is not null)
        {
            data["account"] = new JsonObject { ["id"] = person.ExternalId };
            data["address"] = new JsonObject { ["email"] = person.Email, ["primary"] = person.IsPrimary };
            data["state"] = person.State.ToString();
        }
    }

    private static async Task AddHoldersAsync(GuardDb db, JsonObject data, long domainId, CancellationToken cancel)
    {
        var named = await db.Addresses.AsNoTracking()
            .Where(a => a.DomainId == domainId && a.RetiredAt == null)
            .OrderBy(a => a.Id)
            .Take(MostNamed + 1)
            .Select(a => new { a.Email, a.Account!.ExternalId })
            .ToListAsync(cancel);
        data["addresses"] = new JsonArray([.. named.Take(MostNamed).Select(a => new JsonObject { ["accountId"] = a.ExternalId, ["email"] = a.Email })]);
        data["hasMore"] = named.Count > MostNamed;
    }

    private static async Task<Dictionary<long, Person>> PeopleAsync(GuardDb db, IReadOnlyList<long> ids, CancellationToken cancel) => ids.Count == 0
        ? []
        : await db.Addresses.AsNoTracking()
            .Where(a => ids.Contains(a.Id))
            .Select(a => new Person(a.Id, a.AccountId, a.Account!.ExternalId, a.Email, a.IsPrimary, a.State, a.HandChange, a.HandConfidence, a.HandReasons))
            .ToDictionaryAsync(p => p.Id, cancel);

    private string? Link(string path) => options.Value.PublicUrl.Length == 0 ? null : options.Value.PublicUrl + path;

    private static JsonObject Read(string? json) => json is null ? [] : JsonNode.Parse(json) as JsonObject ?? [];

    private static string? Text(JsonObject json, string name) => json[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    private static void Add(JsonObject json, string name, JsonNode? value)
    {
        if (value is not null)
        {
            json[name] = value;
        }
    }

    // "batch 31"
    private static long? Number(string? subject) =>
        long.TryParse(subject.AsSpan((subject?.LastIndexOf(' ') ?? -1) + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Instant(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    private sealed record Person(
        long Id, long AccountId, string ExternalId, string Email, bool IsPrimary, AddressState State, HandChange HandChange, Confidence HandConfidence, string? HandReasons);
}

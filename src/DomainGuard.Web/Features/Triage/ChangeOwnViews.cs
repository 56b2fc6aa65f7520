using System.Data.Common;
using System.Text;
using DomainGuard.Data;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>What became of a change of one's own views.</summary>
internal abstract record OwnViewOutcome
{
    /// <summary>It stands.</summary>
    /// <param name="Id">The view.</param>
    internal sealed record Done(long Id) : OwnViewOutcome;

    /// <summary>Nothing was changed.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : OwnViewOutcome;
}

/// <summary>Keeps, renames and removes views of the queue for the person who asks, and for nobody else. No entry of the audit trail: a view changes nothing but what its owner looks at.</summary>
internal sealed class ChangeOwnViews(IDbContextFactory<GuardDb> dbs, IdAllocator ids)
{
    /// <summary>Most views of one person.</summary>
    public const int Most = 20;

    /// <summary>Longest name, in UTF-16 units.</summary>
    public const int MostName = 40;

    /// <summary>Most that is kept of the parameters, in characters of a query.</summary>
    public const int MostQuery = 1_000;

    /// <summary>Keeps parameters under a name. The view of that name, in whatever case, is replaced and keeps its key.</summary>
    /// <param name="by">Whose view it becomes.</param>
    /// <param name="name">Its name.</param>
    /// <param name="kept">Values by the name of their parameter; of names that the queue does not know, it is refused.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<OwnViewOutcome> SaveAsync(StaffMember by, string? name, IReadOnlyDictionary<string, string> kept, CancellationToken cancel)
    {
        if (Problem(ref name) is { } problem)
        {
            return new OwnViewOutcome.Refused(problem);
        }

        var query = OwnView.Write(kept);
        if (query.Length > MostQuery || kept.Keys.Any(k => !CaseFilter.Names.Contains(k)))
        {
            return new OwnViewOutcome.Refused("These filters are too long to be kept. Shorten what is searched for.");
        }

        var key = Key(name!);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        for (var again = false; ; again = true)
        {
            var mine = await db.SavedViews.Where(v => v.UserId == by.Id).Select(v => new { v.Id, v.NameKey }).ToListAsync(cancel);
            if (mine.Find(v => v.NameKey == key) is { } same)
            {
                await db.SavedViews.Where(v => v.Id == same.Id && v.UserId == by.Id).ExecuteUpdateAsync(s => s.SetProperty(v => v.Name, name!).SetProperty(v => v.Query, query), cancel);
                return new OwnViewOutcome.Done(same.Id);
            }

            if (mine.Count >= Most)
            {
                return new OwnViewOutcome.Refused($"You have {Most} views; more are not kept. Remove one, or replace one by giving its name.");
            }

            var view = new SavedView { Id = await ids.NextAsync(IdAllocator.SavedView, cancel), UserId = by.Id, Name = name!, NameKey = key, Query = query };
            db.SavedViews.Add(view);
            try
            {
                await db.SaveChangesAsync(cancel);
                return new OwnViewOutcome.Done(view.Id);
            }
            catch (DbUpdateException) when (!again)
            {
                // The same name from another window at the same moment: that one is replaced.
                db.ChangeTracker.Clear();
            }
            catch (DbUpdateException)
            {
                // Its owner was removed and has the page still open.
                return new OwnViewOutcome.Refused("The view could not be kept.");
            }
        }
    }

    /// <summary>Gives a view another name.</summary>
    public async Task<OwnViewOutcome> RenameAsync(StaffMember by, long id, string? name, CancellationToken cancel)
    {
        if (Problem(ref name) is { } problem)
        {
            return new OwnViewOutcome.Refused(problem);
        }

        var key = Key(name!);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        try
        {
            return await db.SavedViews.Where(v => v.Id == id && v.UserId == by.Id).ExecuteUpdateAsync(s => s.SetProperty(v => v.Name, name!).SetProperty(v => v.NameKey, key), cancel) == 1
                ? new OwnViewOutcome.Done(id) : Gone;
        }
        catch (DbException)
        {
            // Asked afterwards, so that two windows at the same moment get the same words.
            if (await db.SavedViews.AnyAsync(v => v.UserId == by.Id && v.NameKey == key && v.Id != id, cancel))
            {
                return new OwnViewOutcome.Refused("Another view of yours has this name.");
            }

            throw;
        }
    }

    /// <summary>Removes a view. One that is gone already counts as removed.</summary>
    public async Task<OwnViewOutcome> RemoveAsync(StaffMember by, long id, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await db.SavedViews.Where(v => v.Id == id && v.UserId == by.Id).ExecuteDeleteAsync(cancel);
        return new OwnViewOutcome.Done(id);
    }

    /// <summary>What two names are compared by.</summary>
    public static string Key(string name) => name.ToUpperInvariant();

    private static OwnViewOutcome.Refused Gone => new("This view is not there any more.");

    // Markup and marks of direction are text like any other; what is no text cannot be kept.
    private static string? Problem(ref string? name)
    {
        name = name?.Trim();
        if (string.IsNullOrEmpty(name))
        {
            return "Give the view a name.";
        }

        if (!KeptText.IsName(name, int.MaxValue))
        {
            return "This name holds something that is no text. Remove it.";
        }

        name = name.Normalize(NormalizationForm.FormC);
        return name.Length > MostName ? $"A name has at most {MostName} characters." : null;
    }
}

using DomainGuard.Core.Audit;

namespace DomainGuard.Web.Auth;

/// <summary>Who asks for something that people, the schedule and the command line may all ask for: a member of staff with his rights, or a part of the installation, which may do what it is built to do.</summary>
/// <param name="Actor">He in the audit trail.</param>
/// <param name="Name">Shown beside what he asked for; at most 256 characters.</param>
/// <param name="Staff">The member of staff; null for a part of the installation.</param>
internal sealed record Requester(AuditActor Actor, string Name, StaffMember? Staff = null)
{
    /// <summary>The schedule.</summary>
    public static Requester Schedule { get; } = new(AuditActor.Schedule, AuditActor.Schedule.Id);

    /// <summary>Whoever may start the program on the server.</summary>
    public static Requester CommandLine { get; } = new(AuditActor.CommandLine, AuditActor.CommandLine.Id);

    /// <summary>A demonstration that fills itself.</summary>
    public static Requester Demonstration { get; } = new(AuditActor.System("demonstration"), "demonstration");

    /// <summary>Whether he may: <paramref name="policy"/> is one of <see cref="Policies"/>.</summary>
    public bool May(string policy) => Staff is null || Staff.May(policy);

    /// <summary>A member of staff.</summary>
    public static implicit operator Requester(StaffMember staff) => new(staff.Actor, staff.DisplayName, staff);
}

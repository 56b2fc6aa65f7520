namespace DomainGuard.Web.Features.Staff;

/// <summary>What the dialog of a member of staff does.</summary>
public enum StaffAction
{
    Roles,
    Lock,
    Reset,
    Remove,
}

namespace DomainGuard.Data;

/// <summary>
/// Hands out keys made in code. Each process takes blocks of a series from the database by conditional update and serves from them, so that keys are unique
/// across processes, small, and rise with time within a process. A killed process loses the rest of its block, nothing more.
/// </summary>
public sealed class IdAllocator
{
}

namespace Syncline.Simulation.Scheduling;

/// <summary>A step that a program of the world may take next.</summary>
internal readonly record struct WorkItem(Process Process, SendOrPostCallback Callback, object? State);

namespace Syncline.Simulation.Checks;

/// <summary>A promise of the product that did not hold.</summary>
internal sealed class Violation(string message) : Exception(message);

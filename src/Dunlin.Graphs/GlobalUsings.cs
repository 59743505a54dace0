global using Dunlin.Tensors;

// Kernels fill their stack space before they read it; clearing it first would cost more than some tiles take.
[module: System.Runtime.CompilerServices.SkipLocalsInit]

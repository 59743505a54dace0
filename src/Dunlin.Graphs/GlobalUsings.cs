global using Dunlin.Tensors;

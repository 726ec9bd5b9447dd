#pragma once

#include <filesystem>

namespace weir {

/// The project's folder of the tree that these tests were built from.
std::filesystem::path source_tree();

}  // namespace weir

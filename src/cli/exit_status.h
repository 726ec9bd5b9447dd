// What commands end with. Values.
#pragma once

namespace weir {

struct Exit {
  static constexpr int failed = 1;  // it did not hold, or could not be done
  static constexpr int bad_usage = 2;
  static constexpr int bad_configuration = 2;
};

}  // namespace weir

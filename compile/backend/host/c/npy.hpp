// SPDX-License-Identifier: Apache-2.0
// Arrays of integers of NumPy's .npy: read as <i8, <i4, |i1, |u1, written as <i8, on machines whose low byte comes first.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace npy {

struct Array {
  std::vector<std::uint64_t> shape;
  std::vector<std::int64_t> values;
};

inline std::vector<std::uint64_t> shape_of(const std::string& header) {
  std::vector<std::uint64_t> shape;
  std::size_t at = header.find('(');
  const std::size_t end = header.find(')');
  while (at < end && (at = header.find_first_of("0123456789", at)) < end) {
    shape.push_back(std::stoull(header.substr(at)));
    at = header.find_first_not_of("0123456789", at);
  }
  return shape;
}

inline std::int64_t value_at(const std::string& data, std::size_t i, std::size_t width,
                             bool is_signed) {
  std::int64_t wide = 0;
  std::int32_t half = 0;
  if (width == 8)
    std::memcpy(&wide, data.data() + i * 8, 8);
  else if (width == 4)
    std::memcpy(&half, data.data() + i * 4, 4), wide = half;
  else if (is_signed)
    wide = static_cast<signed char>(data[i]);
  else
    wide = static_cast<unsigned char>(data[i]);
  return wide;
}

inline Array read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto bad = [&](const char* what) { return std::runtime_error(file + ": " + what); };
  if (all.size() < 10 || all.compare(0, 8, std::string("\x93NUMPY\x01\0", 8)) != 0)
    throw bad("it is not there, or no .npy of version 1.0");
  const std::size_t start =
      10U + static_cast<unsigned char>(all[8]) + 256U * static_cast<unsigned char>(all[9]);
  if (start > all.size()) throw bad("it is cut off");
  const std::string header = all.substr(10, start - 10), data = all.substr(start);
  const bool wide = header.find("'<i8'") != std::string::npos,
             half = header.find("'<i4'") != std::string::npos,
             small = header.find("'|i1'") != std::string::npos;
  if (!wide && !half && !small && header.find("'|u1'") == std::string::npos)
    throw bad("its type is not <i8, <i4, |i1 or |u1");
  if (header.find("'fortran_order': False") == std::string::npos)
    throw bad("its order is Fortran's");
  Array array{shape_of(header), {}};
  std::uint64_t count = 1;
  for (const std::uint64_t size : array.shape) count *= size;
  const std::size_t width = wide ? 8 : half ? 4 : 1;
  if (data.size() != count * width) throw bad("its size is not that of its shape");
  for (std::size_t i = 0; i < count; ++i) array.values.push_back(value_at(data, i, width, small));
  return array;
}

inline void write(const std::string& file, const Array& array) {
  std::string header = "{'descr': '<i8', 'fortran_order': False, 'shape': (";
  for (const std::uint64_t size : array.shape) header += std::to_string(size) + ", ";
  header += "), }";
  header.append(64 - (10 + header.size() + 1) % 64, ' ');
  header += '\n';
  std::ofstream out(file, std::ios::binary);
  out.write("\x93NUMPY\x01\0", 8);
  out.put(static_cast<char>(header.size() % 256)).put(static_cast<char>(header.size() / 256));
  out << header;
  out.write(reinterpret_cast<const char*>(array.values.data()),
            static_cast<std::streamsize>(array.values.size() * sizeof(std::int64_t)));
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

}  // namespace npy

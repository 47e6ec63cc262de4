# SPDX-License-Identifier: Apache-2.0
# cmake -DOUT=FILE.cc -DHEADER=header.h -DTYPE=Type -DFUNCTION=name -DNAMESPACE=ns -DROOT=folder -DFILES=a,b -P embed.cmake
# Writes FILE.cc: `std::span<const Type> ns::name()`, whose entries are {file name below ROOT, its text}.
string(REPLACE "," ";" files "${FILES}")
set(entries "")
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" text)
  string(APPEND entries "    {\"${file}\", R\"~~~(${text})~~~\"},\n")
endforeach()
file(WRITE "${OUT}" "// Generated from the files that it holds.
#include \"${HEADER}\"

namespace ${NAMESPACE} {

std::span<const ${TYPE}> ${FUNCTION}() {
  static constexpr ${TYPE} kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace ${NAMESPACE}
")

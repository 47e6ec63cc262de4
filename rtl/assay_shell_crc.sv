// SPDX-License-Identifier: Apache-2.0
// A byte more in a CRC of 16 bits: polynomial 1021 hex, most significant bit first, beginning with
// all ones. Over a text and its own CRC, most significant byte first, it is zero.
module assay_shell_crc (
  input  logic [15:0] crc_i,
  input  logic [7:0]  data_i,
  output logic [15:0] crc_o
);
  always_comb begin
    crc_o = crc_i ^ {data_i, 8'h00};
    for (int unsigned b = 0; b < 8; b++)
      crc_o = crc_o[15] ? {crc_o[14:0], 1'b0} ^ 16'h1021 : {crc_o[14:0], 1'b0};
  end
endmodule

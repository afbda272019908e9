module brightline.example/verify

go 1.19

fq: 1

<?php
// The quickstart's DokuWiki: everybody may read and edit, nobody may administer.
$conf['title']    = 'DokuWiki in a jail';
$conf['savedir']  = '/var/lib/jpm-quickstart/wiki/data';
$conf['useacl']   = 1;
$conf['superuser'] = '!!not set!!';
$conf['disableactions'] = 'register,resendpwd';
$conf['updatecheck'] = 0;
$conf['license']  = '0';
